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
  'token.create': 'Token created',
  'token.revoke': 'Token revoked',
  'user.change': 'User changed',
  'user.create': 'User created',
};

/** What acts are done to, and the words of their details. */
const WORDS: Record<string, string> = {
  account: 'рахунок',
  administrator: 'адміністратор',
  agent: 'оператор',
  agents: 'операторів',
  all: 'увесь документ',
  analyst: 'аналітик',
  by: 'за ознакою',
  changes: 'змін',
  client: 'клієнт',
  'command line': 'командний рядок',
  disabled: 'заблоковано',
  fields: 'поля',
  interaction: 'звернення',
  language: 'мова',
  login: 'логін',
  name: 'ім’я',
  password: 'пароль',
  priority: 'пріоритет',
  queue: 'черга',
  queues: 'черг',
  reason: 'причина',
  role: 'роль',
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
    smtp: 'Приймання пошти (SMTP)',
  },
  en: {
    imap: 'Mail fetched (IMAP)',
    lmtp: 'Mail taken in (LMTP)',
    media: 'File store',
    outbox: 'Sending',
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

/** `imap:info` is one of several of a kind. */
export function part(language: Language, name: string): string {
  const [kind = name, which] = name.split(':');
  const known = PARTS[language][kind] ?? kind;
  return which ? `${known}: ${which}` : known;
}

/** What a part says of itself. */
export function report(language: Language, detail: string): string {
  if (language !== 'uk') return detail;
  return detail
    .replace(/^Listens on (\S+)\.$/, 'Слухає $1')
    .replace(/^Mail waits to be sent: /, 'Пошта чекає на відправлення: ');
}
