/** What the server names by codes or says in its own English, in the reader's language: defects and warnings of
 *  mails, acts of the trail, parts of the server. What is not known here is shown as it came. Pure. */
import type { Language } from '../api/types';

/** Defects and warnings of mails. */
const FINDINGS: Record<string, string> = {
  being_checked: 'Відправника ще перевіряють.',
  check_failed: 'Перевірити не вдалося.',
  domain_disowns: 'Домен відправника каже, що лист не від нього (DMARC).',
  domain_speaks_for_itself:
    'Підписано або доставлено доменом самого відправника (DKIM, SPF), який не оголосив правил.',
  domain_vouches: 'Домен відправника підтверджує лист (DMARC).',
  no_answer_yet: 'Сервери імен не відповіли; їх спитають ще раз.',
  nothing_found: 'Не знайдено нічого, що підтверджувало б відправника.',
  sent_from_elsewhere: 'Доставлено сервером, який не має права надсилати від того домену (SPF).',
  signature_broken: 'Підпис не збігається: лист змінено дорогою або підроблено (DKIM).',
  signed_by_another: 'Підписано, але іншим доменом, не доменом відправника (DKIM).',
  undecided: 'Вирішити не вдалося: записи домену хибні або ніхто не відповів.',
  bad_addresses: 'Адреси записано неправильно; їх виправлено.',
  bad_charset: 'Кодування оголошено неправильно; текст прочитано здогадно.',
  bad_encoding: 'Частину закодовано не так, як оголошено; показано як є.',
  bad_header_charset: 'Заголовки без оголошеного кодування виправлено.',
  bad_multipart: 'Частини листа складено неправильно; показано, що вдалося прочитати.',
  challenge: 'Поштова програма просить підтвердити, що пише людина.',
  disowned: 'Домен відправника не підтверджує, що лист надіслано від нього.',
  domain_looks_like_ours: 'Домен відправника схожий на наш, але не наш.',
  html_too_large: 'Оформлення завелике, щоб прочитати його як текст.',
  loop: 'Лист ходить по колу між програмами.',
  many_recipients: 'Отримувачів забагато; показано лише перших.',
  name_holds_address: 'Ім’я відправника містить іншу адресу, ніж та, з якої надіслано.',
  no_date: 'Немає дати, яку можна прочитати.',
  no_from: 'Немає адреси відправника.',
  no_headers: 'Не відкрито: тут немає заголовків, це не лист.',
  no_message_id: 'Немає ідентифікатора листа.',
  nul_bytes: 'Нульові байти пропущено.',
  reader_failed: 'Не відкрито: прочитати не вдалося. Збережено як є.',
  reply_to_elsewhere: 'Відповідь піде на інший домен, ніж той, з якого надіслано.',
  several_senders: 'Названо кілька відправників.',
  text_cut: 'Текст задовгий; показано лише початок.',
  uuencode_cut: 'Файл у тексті обірвано; показано, що надійшло.',
  uuencoded: 'Файли стояли просто в тексті; їх винесено окремо.',
};

/** Acts of the trail. */
const ACTS: Record<string, string> = {
  'client.add_contact_point': 'Додано спосіб зв’язку',
  'client.change': 'Змінено запис клієнта',
  'client.choose': 'Обрано клієнта за ознакою',
  'client.create': 'Створено клієнта',
  'client.end_contact_point': 'Вилучено спосіб зв’язку',
  'interaction.assign': 'Призначено звернення',
  'interaction.choose_client': 'Підтверджено клієнта звернення',
  'interaction.close': 'Закрито звернення',
  'interaction.callback': 'Заплановано зворотний дзвінок',
  'interaction.move': 'Перенесено звернення',
  'interaction.set_priority': 'Змінено пріоритет',
  'routing.write': 'Змінено маршрутизацію',
  'session.create': 'Вхід',
  'session.end': 'Вихід',
  'setup.change': 'Змінено перші налаштування',
  'token.create': 'Створено ключ доступу',
  'token.revoke': 'Відкликано ключ доступу',
  'user.change': 'Змінено користувача',
  'user.create': 'Створено користувача',
};

const ACTS_EN: Record<string, string> = {
  'client.add_contact_point': 'Contact point added',
  'client.change': 'Client record changed',
  'client.choose': 'Client chosen for an address or number',
  'client.create': 'Client created',
  'client.end_contact_point': 'Contact point ended',
  'interaction.assign': 'Contact assigned',
  'interaction.choose_client': 'Client of a contact confirmed',
  'interaction.close': 'Contact closed',
  'interaction.callback': 'Call-back scheduled',
  'interaction.move': 'Contact moved',
  'interaction.set_priority': 'Priority changed',
  'routing.write': 'Routing changed',
  'session.create': 'Signed in',
  'session.end': 'Signed out',
  'setup.change': 'First settings changed',
  'token.create': 'Token created',
  'token.revoke': 'Token revoked',
  'user.change': 'User changed',
  'user.create': 'User created',
};

/** What acts are done to, and the words of their details. */
const WORDS: Record<string, string> = {
  account: 'рахунок',
  added: 'додано',
  administrator: 'адміністратор',
  agent: 'оператор',
  agents: 'операторів',
  all: 'увесь документ',
  analyst: 'аналітик',
  bank: 'банк',
  by: 'за ознакою',
  changed: 'змінено',
  changes: 'зміни',
  centre: 'терміни й пріоритети',
  client: 'клієнт',
  'command line': 'командний рядок',
  disabled: 'заблоковано',
  disposition: 'код результату',
  fields: 'поля',
  hours: 'години роботи',
  interaction: 'звернення',
  language: 'мова',
  login: 'логін',
  mailbox: 'скринька',
  name: 'ім’я',
  password: 'пароль',
  pause_reason: 'причина перерви',
  priority: 'пріоритет',
  queue: 'черга',
  queues: 'черг',
  reason: 'причина',
  removed: 'вилучено',
  role: 'роль',
  setup: 'налаштування',
  skill: 'навичка',
  routing: 'маршрутизація',
  supervisor: 'супервізор',
  token: 'ключ',
  user: 'користувач',
};

/** Parts of the server. */
const PARTS: Record<Language, Record<string, string>> = {
  uk: {
    imap: 'Отримання пошти (IMAP)',
    lmtp: 'Приймання пошти (LMTP)',
    media: 'Сховище файлів',
    outbox: 'Надсилання',
    pop3: 'Отримання пошти (POP3)',
    relay: 'Сервер для надсилання',
    smtp: 'Приймання пошти (SMTP)',
  },
  en: {
    imap: 'Mail fetched (IMAP)',
    lmtp: 'Mail taken in (LMTP)',
    media: 'File store',
    outbox: 'Sending',
    pop3: 'Mail fetched (POP3)',
    relay: 'Relay',
    smtp: 'Mail taken in (SMTP)',
  },
};

export function finding(language: Language, { code, detail }: { code: string; detail: string }) {
  return (language === 'uk' ? FINDINGS[code] : undefined) ?? (detail || code);
}

export function act(language: Language, code: string): string {
  return (language === 'uk' ? ACTS : ACTS_EN)[code] ?? code;
}

export function word(language: Language, text: string): string {
  return (language === 'uk' ? WORDS[text] : undefined) ?? text;
}

/** What the details of an act say. A change of the routing is told by what it was done to. */
export function sentence(language: Language, details: unknown): string {
  if (details === null || details === undefined) return '';
  if (Array.isArray(details)) return details.map((one) => sentence(language, one)).join(', ');
  if (typeof details !== 'object') return word(language, String(details));
  if ('kind' in details && 'what' in details) {
    const { kind, what, name } = details as { kind: string; what: string; name?: string };
    return [word(language, kind), name, `(${word(language, what)})`].filter(Boolean).join(' ');
  }
  return Object.entries(details)
    .map(([name, value]) => `${word(language, name)}: ${sentence(language, value)}`)
    .join('; ');
}

/** `imap:info` is one of several of a kind. */
export function part(language: Language, name: string): string {
  const [kind = name, which] = name.split(':');
  const known = PARTS[language][kind] ?? kind;
  return which ? `${known}: ${which}` : known;
}

/** What parts say of themselves: the server's sentences, and the same in Ukrainian. */
const REPORTS: readonly [RegExp, string][] = [
  [/^Listens on (\S+)\.$/, 'Слухає $1'],
  [/^Watches (.+) on (\S+)\.$/, 'Стежить за папкою $1 на $2'],
  [/^Looks into (\S+) each (\d+) s\.$/, 'Заглядає до $1 кожні $2 с'],
  [/^(.*)\. Trying again in (\d+) s\.$/, '$1. Наступна спроба за $2 с'],
  [/^Cannot accept connections on (\S+): (.*)\.$/, 'Не приймає з’єднань на $1: $2'],
  [/^Mail waits to be sent: /, 'Пошта чекає на відправлення: '],
  [
    /^no relay is set: .*$/,
    'Сервер для надсилання не задано: відповіді чекають, підтвердження не пишуться. Задайте channels.email.relay.host',
  ],
  [
    /(\d+) answers could not be sent yet: see the relay's state/,
    'Ще не вдалося надіслати відповідей: $1. Перевірте сервер для надсилання',
  ],
  [
    /the oldest of (\d+) answers waits longer than (\d+) min/,
    'Найстаріша з відповідей ($1) чекає понад $2 хв',
  ],
  [
    /(\d+) MiB of mails are still in the database: see media\.url/,
    'У базі даних ще лежать листи на $1 МіБ. Перевірте media.url',
  ],
  [
    /mails have not been moved to the media store for (\d+) min: see media\.url/,
    'Листи не переносяться до сховища файлів уже $1 хв. Перевірте media.url',
  ],
];

/** What a part says of itself. */
export function report(language: Language, detail: string): string {
  if (language !== 'uk') return detail;
  return REPORTS.reduce((text, [pattern, words]) => text.replace(pattern, words), detail);
}
