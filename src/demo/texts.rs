//! What clients of a bank write about, and what is answered: twenty topics in Ukrainian and
//! English.
//!
//! `{name}` is who writes, `{greeting}` how the bank addresses the writer, `{agent}` who answers,
//! `{amount}`, `{date}`, `{last_four}` are made up for each message.

use super::chance::Chance;

/// Key of a queue in `config/routing.toml`.
pub type QueueKey = &'static str;

/// What a contact is about.
#[derive(Debug)]
pub struct Topic {
    /// Which queue it comes to.
    pub queue: QueueKey,
    /// Code of the result when all went well.
    pub disposition: &'static str,
    /// How often, against the others of its queue.
    pub weight: u64,
    /// Median time of an agent, in seconds.
    pub handling_s: f64,
    /// In Ukrainian.
    pub uk: Texts,
    /// In English.
    pub en: Texts,
}

/// A topic in one language.
#[derive(Debug)]
pub struct Texts {
    /// Subject lines to choose from.
    pub subjects: &'static [&'static str],
    /// What the client writes.
    pub question: &'static str,
    /// What the bank answers.
    pub answer: &'static str,
}

/// Keys of the queues, with how many of a hundred contacts come to each.
pub const QUEUES: [(QueueKey, u64); 5] =
    [("cards", 36), ("loans", 20), ("deposits", 14), ("business", 12), ("general", 18)];

/// Second messages of clients.
pub const FOLLOW_UPS_UK: [&str; 5] = [
    "Дякую, усе зрозуміло. Гарного дня!",
    "Дякую за швидку відповідь. Ще одне запитання: чи потрібно мені приходити до відділення?",
    "Зрозуміло. А скільки днів це триватиме?",
    "Дякую, спробую. Якщо не вийде, напишу ще.",
    "Ви мені дуже допомогли, дякую!",
];
/// Second messages of clients.
pub const FOLLOW_UPS_EN: [&str; 4] = [
    "Thank you, that is clear now.",
    "Thanks for the quick answer. Do I have to come to a branch for this?",
    "I see. How many days will it take?",
    "Great, thank you for your help!",
];
/// Notes among agents.
pub const NOTES: [&str; 6] = [
    "Зателефонувала клієнтові, особу підтверджено за кодовим словом.",
    "Заявку передано до бек-офісу, строк — два робочі дні.",
    "Клієнт просить відповідь лише поштою.",
    "Перевірено: операцію провів банк-екваєр, чекаємо на підтвердження.",
    "Повторне звернення, попереднє закрито минулого тижня.",
    "Документи отримано, якість скану достатня.",
];

/// All topics.
pub const TOPICS: [Topic; 20] = [
    Topic {
        queue: "cards",
        disposition: "card_blocked",
        weight: 5,
        handling_s: 190.0,
        uk: Texts {
            subjects: &[
                "Загубила картку, прошу заблокувати",
                "Терміново: картку вкрадено",
                "Блокування картки *{last_four}",
            ],
            question: "Добрий день!\n\nСьогодні загубила гаманець разом із карткою, номер закінчується на {last_four}. Прошу негайно її заблокувати та повідомити, як отримати нову.\n\nОстання моя покупка була {date} на суму {amount} грн, усе пізніше — не моє.\n\nЗ повагою,\n{name}",
            answer: "{greeting}!\n\nКартку *{last_four} заблоковано, операцій після {date} немає. Нову картку можна замовити в застосунку або у відділенні; випуск триває до трьох робочих днів, за перевипуск через втрату плата не стягується.\n\nЯкщо побачите незнайому операцію, напишіть нам у відповідь на цей лист.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Lost card, please block it", "Card ending {last_four} stolen"],
            question: "Hello,\n\nI lost my wallet today with my card ending {last_four}. Please block it at once and tell me how I can get a new one. My last payment was on {date}, {amount} UAH.\n\nKind regards,\n{name}",
            answer: "{greeting},\n\nYour card *{last_four} is blocked, and there are no operations after {date}. You can order a new one in the app or at a branch; it takes up to three working days and is free of charge after a loss.\n\nIf you see an operation you do not know, please answer this mail.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "cards",
        disposition: "dispute_opened",
        weight: 4,
        handling_s: 320.0,
        uk: Texts {
            subjects: &[
                "Подвійне списання {amount} грн",
                "Не моя операція за {date}",
                "Прошу повернути кошти: списали двічі",
            ],
            question: "Вітаю.\n\n{date} у супермаркеті з картки *{last_four} двічі списали {amount} грн. Чек один, фото можу надіслати. Прошу перевірити та повернути зайве списання.\n\n{name}",
            answer: "{greeting}!\n\nБачимо дві операції на {amount} грн від {date}. Одна з них ще в обробці; якщо магазин її не підтвердить, кошти повернуться автоматично протягом п'яти днів. Ми також відкрили звернення до банку магазину — відповідь отримаєте не пізніше ніж за 30 днів.\n\nБудь ласка, збережіть чек.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Charged twice: {amount} UAH", "An operation on {date} is not mine"],
            question: "Good afternoon,\n\non {date} a shop charged my card *{last_four} twice, {amount} UAH each. I have one receipt only. Could you check and return the second charge?\n\n{name}",
            answer: "{greeting},\n\nwe see two operations of {amount} UAH on {date}. One of them is still pending; if the shop does not confirm it, the money comes back by itself within five days. We have also opened a dispute with the shop's bank and will write to you within 30 days. Please keep the receipt.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "cards",
        disposition: "limit_changed",
        weight: 4,
        handling_s: 140.0,
        uk: Texts {
            subjects: &["Змінити ліміт на картці", "Не проходить оплата в інтернеті"],
            question: "Доброго дня! Не можу оплатити квитки в інтернеті: пише «перевищено ліміт». Сума {amount} грн, картка *{last_four}. Збільште, будь ласка, ліміт або підкажіть, де це зробити самому.\n\n{name}",
            answer: "{greeting}!\n\nЛіміт на оплати в інтернеті змінюється в застосунку: «Картки» → *{last_four} → «Ліміти». Ми підняли його до кінця дня до {amount} грн — спробуйте, будь ласка, ще раз.\n\nГарної подорожі!\n{agent}",
        },
        en: Texts {
            subjects: &["Please raise my card limit", "Online payment refused"],
            question: "Hi, I cannot pay for tickets online, it says the limit is exceeded. The amount is {amount} UAH, card *{last_four}. Can you raise the limit?\n\n{name}",
            answer: "{greeting},\n\nthe limit for online payments is under Cards → *{last_four} → Limits in the app. We have raised it to {amount} UAH until the end of the day, please try again.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "cards",
        disposition: "information_given",
        weight: 4,
        handling_s: 110.0,
        uk: Texts {
            subjects: &["Коли буде готова картка?", "Термін дії картки закінчується"],
            question: "Добрий день, термін дії моєї картки *{last_four} закінчується цього місяця. Чи перевипустять її автоматично і де її забрати?\n\nДякую!\n{name}",
            answer: "{greeting}!\n\nТак, картку буде перевипущено автоматично. За тиждень до завершення терміну ви отримаєте повідомлення; забрати її можна у своєму відділенні з паспортом. PIN-код залишиться тим самим.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["When will my new card be ready?"],
            question: "Hello, my card *{last_four} expires this month. Will a new one be sent automatically, and where do I collect it?\n\nThanks,\n{name}",
            answer: "{greeting},\n\nyes, it is renewed automatically. You will get a message a week before it expires; please collect it at your branch with your passport. The PIN stays the same.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "loans",
        disposition: "payoff_calculated",
        weight: 4,
        handling_s: 260.0,
        uk: Texts {
            subjects: &["Дострокове погашення кредиту", "Сума для повного погашення"],
            question: "Добрий день!\n\nХочу достроково погасити кредит готівкою {date}. Повідомте, будь ласка, точну суму на цю дату та чи є комісія. За моїми підрахунками — близько {amount} грн.\n\n{name}",
            answer: "{greeting}!\n\nСума для повного погашення на {date} — {amount} грн, комісії немає. Внесіть її на рахунок погашення до 18:00 і залиште заяву в застосунку («Кредити» → «Погасити достроково»). Довідку про закриття надішлемо наступного робочого дня.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Early repayment of my loan"],
            question: "Good day,\n\nI would like to repay my loan in full on {date}. What is the exact amount, and is there a fee? I think it is about {amount} UAH.\n\n{name}",
            answer: "{greeting},\n\nthe amount on {date} is {amount} UAH, without any fee. Please pay it before 18:00 and choose Loans → Repay early in the app. You will receive a certificate on the next working day.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "loans",
        disposition: "application_taken",
        weight: 5,
        handling_s: 380.0,
        uk: Texts {
            subjects: &["Кредит на авто", "Умови кредиту на {amount} грн", "Хочу оформити кредит"],
            question: "Вітаю! Цікавить кредит на {amount} грн на три роки. Працюю офіційно, зарплату отримую на картку вашого банку. Яка ставка і які потрібні документи?\n\n{name}",
            answer: "{greeting}!\n\nДля клієнтів із зарплатною карткою довідка про доходи не потрібна — досить паспорта та податкового номера. Попереднє рішення щодо {amount} грн на 36 місяців позитивне, точну ставку побачите в договорі. Ми створили заявку; менеджер зателефонує вам завтра.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Loan of {amount} UAH", "Conditions of a car loan"],
            question: "Hello, I am interested in a loan of {amount} UAH for three years. My salary comes to a card of your bank. What is the rate, and which documents do you need?\n\n{name}",
            answer: "{greeting},\n\nfor clients with a salary card no income certificate is needed, only passport and tax number. We have opened an application for {amount} UAH over 36 months; a manager will call you tomorrow with the exact rate.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "loans",
        disposition: "schedule_changed",
        weight: 3,
        handling_s: 420.0,
        uk: Texts {
            subjects: &["Перенести дату платежу", "Кредитні канікули"],
            question: "Добрий день. Через зміну роботи зарплата тепер приходить 10 числа, а платіж за кредитом — 5-го. Чи можна перенести дату платежу? Наступний платіж {amount} грн.\n\n{name}",
            answer: "{greeting}!\n\nТак, дату можна змінити раз на рік. Ми підготували новий графік із датою платежу 12 числа; перший платіж — {amount} грн. Підпишіть його, будь ласка, в застосунку до {date}.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Moving the payment date of my loan"],
            question: "Hello, my salary now comes on the 10th, but my loan payment is due on the 5th. Can the date be moved? The next payment is {amount} UAH.\n\n{name}",
            answer: "{greeting},\n\nyes, once a year. We have prepared a new schedule with payments on the 12th; the first is {amount} UAH. Please sign it in the app before {date}.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "loans",
        disposition: "information_given",
        weight: 3,
        handling_s: 150.0,
        uk: Texts {
            subjects: &["Довідка про залишок за кредитом", "Потрібна довідка для посольства"],
            question: "Прошу надіслати довідку про залишок заборгованості за кредитом станом на {date} з печаткою банку. Потрібна для посольства.\n\n{name}",
            answer: "{greeting}!\n\nДовідку станом на {date} сформовано, вона вже у вашому застосунку в розділі «Документи» з електронним підписом банку. Паперовий примірник можна отримати у будь-якому відділенні.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Certificate of my loan balance"],
            question: "Please send me a certificate of my loan balance as of {date}. I need it for an embassy.\n\n{name}",
            answer: "{greeting},\n\nthe certificate as of {date} is in the app under Documents, signed electronically. A paper copy is available at any branch.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "deposits",
        disposition: "information_given",
        weight: 5,
        handling_s: 160.0,
        uk: Texts {
            subjects: &["Ставки за депозитами", "Який депозит порадите на пів року?"],
            question: "Добрий день! Маю {amount} грн, хочу покласти на пів року з виплатою відсотків щомісяця. Яка ставка зараз і чи можна поповнювати?\n\n{name}",
            answer: "{greeting}!\n\nНа шість місяців із щомісячною виплатою радимо вклад «Стабільний»: поповнювати можна протягом перших 60 днів, мінімум — 1 000 грн. Актуальну ставку для {amount} грн покаже калькулятор у застосунку, там само вклад відкривається за дві хвилини.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Deposit rates", "Which deposit for six months?"],
            question: "Hello, I would like to deposit {amount} UAH for six months with monthly interest. What is the rate, and can I add money later?\n\n{name}",
            answer: "{greeting},\n\nfor six months with monthly interest we suggest the Stable deposit; you can add money during the first 60 days. The calculator in the app shows today's rate for {amount} UAH, and you can open it there in two minutes.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "deposits",
        disposition: "deposit_prolonged",
        weight: 3,
        handling_s: 210.0,
        uk: Texts {
            subjects: &["Продовження вкладу", "Вклад закінчується {date}"],
            question: "Мій вклад закінчується {date}. Прошу не продовжувати його автоматично, а кошти ({amount} грн) перерахувати на мою картку *{last_four}.\n\n{name}",
            answer: "{greeting}!\n\nАвтоматичне продовження вимкнено. {date} після 10:00 кошти та відсотки буде зараховано на картку *{last_four}. Якщо передумаєте, увімкнути продовження можна в застосунку до кінця попереднього дня.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["My deposit ends on {date}"],
            question: "My deposit ends on {date}. Please do not renew it but send the money ({amount} UAH) to my card *{last_four}.\n\n{name}",
            answer: "{greeting},\n\nautomatic renewal is switched off. On {date} after 10:00 money and interest will be on your card *{last_four}.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "deposits",
        disposition: "information_given",
        weight: 2,
        handling_s: 180.0,
        uk: Texts {
            subjects: &["Податок на відсотки", "Чому відсотків менше, ніж очікувалося?"],
            question: "Вітаю. За вкладом нарахували {amount} грн, а на рахунок прийшло менше. Поясніть, будь ласка, що саме утримано.\n\n{name}",
            answer: "{greeting}!\n\nІз відсотків банк утримує податок на доходи та військовий збір — цього вимагає Податковий кодекс. Розрахунок за {date} додали у ваш застосунок, розділ «Вклади» → «Виписка».\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Tax on my interest"],
            question: "Hello, my deposit earned {amount} UAH but less arrived on my account. What was deducted?\n\n{name}",
            answer: "{greeting},\n\nthe bank must withhold income tax and the military levy from interest. The calculation of {date} is in the app under Deposits → Statement.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "business",
        disposition: "account_opened",
        weight: 3,
        handling_s: 450.0,
        uk: Texts {
            subjects: &["Відкриття рахунку для ФОП", "Рахунок для ТОВ: перелік документів"],
            question: "Добрий день! Плануємо відкрити у вас поточний рахунок у гривні та євро. Надішліть, будь ласка, перелік документів і тарифи. Обороти — близько {amount} грн на місяць.\n\nЗ повагою,\n{name}",
            answer: "{greeting}!\n\nПотрібні статут (або код доступу до нього), паспорт і податковий номер керівника, опитувальник — він у вкладенні на сайті. Для оборотів близько {amount} грн на місяць підходить пакет «Розвиток». Рахунок відкриємо в день візиту; можемо записати вас на {date}.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Opening a company account"],
            question: "Good morning, we plan to open accounts in UAH and EUR. Please send the list of documents and your tariffs. Our turnover is about {amount} UAH a month.\n\nBest regards,\n{name}",
            answer: "{greeting},\n\nwe need the charter, passport and tax number of the director, and the questionnaire from our site. For about {amount} UAH a month the Growth package fits best. We can open the account during your visit, for example on {date}.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "business",
        disposition: "payment_traced",
        weight: 4,
        handling_s: 360.0,
        uk: Texts {
            subjects: &["Не надійшов платіж на {amount} грн", "Розшук платежу від {date}"],
            question: "Колеги, {date} контрагент відправив нам {amount} грн, платіж досі не зараховано. Копія платіжної інструкції є. Прошу розшукати.\n\n{name}",
            answer: "{greeting}!\n\nПлатіж на {amount} грн від {date} знайдено: у призначенні бракувало одного знака в рахунку, тому його зараховано на рахунок з'ясування. Сьогодні до 16:00 кошти будуть у вас.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Incoming payment of {amount} UAH is missing"],
            question: "Dear colleagues, our partner sent {amount} UAH on {date}, but it has not arrived. We have a copy of the order. Please trace it.\n\n{name}",
            answer: "{greeting},\n\nwe found the payment of {amount} UAH of {date}: one digit of the account was missing, so it was held for clarification. It will be on your account today by 16:00.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "business",
        disposition: "information_given",
        weight: 3,
        handling_s: 240.0,
        uk: Texts {
            subjects: &["Виписка за рахунком", "Довідка про обороти за квартал"],
            question: "Прошу надати виписку за рахунком за минулий квартал у форматі camt.053 та довідку про обороти для аудитора.\n\n{name}",
            answer: "{greeting}!\n\nВиписку у форматі camt.053 можна вивантажити в клієнт-банку: «Рахунки» → «Виписки» → «Експорт». Довідку про обороти підготували, вона з'явиться в документах до {date}.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Statement in camt.053"],
            question: "Please provide our account statement for the last quarter in camt.053 and a certificate of turnover for our auditor.\n\n{name}",
            answer: "{greeting},\n\nthe statement can be exported in the client bank under Accounts → Statements → Export. The certificate will be in your documents by {date}.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "business",
        disposition: "lead_created",
        weight: 2,
        handling_s: 300.0,
        uk: Texts {
            subjects: &["Еквайринг для магазину", "Термінали та QR-оплата"],
            question: "Відкриваємо другий магазин, потрібні два термінали та оплата за QR-кодом. Підкажіть умови, оборот планується до {amount} грн на місяць.\n\n{name}",
            answer: "{greeting}!\n\nТермінали надаємо безкоштовно, комісія залежить від обороту; для {amount} грн на місяць підготували окрему пропозицію. Менеджер зв'яжеться з вами до {date}.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Payment terminals for our shop"],
            question: "We are opening a second shop and need two terminals and QR payments. What are the conditions for about {amount} UAH a month?\n\n{name}",
            answer: "{greeting},\n\nterminals are free of charge, the fee depends on turnover; we have prepared an offer for {amount} UAH a month. A manager will contact you by {date}.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "general",
        disposition: "complaint_registered",
        weight: 3,
        handling_s: 520.0,
        uk: Texts {
            subjects: &[
                "Скарга на відділення",
                "Прошу розібратися: обслуговування",
                "Чекала годину в черзі",
            ],
            question: "Доброго дня.\n\n{date} чекала у відділенні більше години, хоча працювало лише одне вікно з чотирьох. На зауваження мені відповіли грубо. Прошу розібратися та повідомити, яких заходів вжито.\n\n{name}",
            answer: "{greeting}!\n\nВибачте, що так сталося. Ваше звернення зареєстровано, керівник відділення вже надав пояснення щодо {date}. Письмову відповідь отримаєте протягом 15 днів; попередньо — на обідній час додано ще два вікна.\n\nДякуємо, що написали.\n{agent}",
        },
        en: Texts {
            subjects: &["Complaint about a branch"],
            question: "On {date} I waited for more than an hour at your branch while only one of four counters was open. Please look into it and tell me what you will do.\n\n{name}",
            answer: "{greeting},\n\nwe are sorry about this. Your complaint is registered and the head of the branch has been asked about {date}. You will have a written answer within 15 days.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "general",
        disposition: "information_given",
        weight: 5,
        handling_s: 100.0,
        uk: Texts {
            subjects: &["Графік роботи відділень", "Чи працюєте у суботу?"],
            question: "Підкажіть, будь ласка, чи працюють ваші відділення в суботу і чи можна записатися на певний час?\n\nДякую,\n{name}",
            answer: "{greeting}!\n\nЩосуботи з 10:00 до 15:00 працюють чергові відділення, перелік — на сайті. Записатися на зручний час можна в застосунку: «Відділення» → «Записатися».\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Branch opening hours"],
            question: "Are your branches open on Saturdays, and can I make an appointment?\n\nThanks,\n{name}",
            answer: "{greeting},\n\nsome branches are open on Saturdays from 10:00 to 15:00, the list is on our site. Appointments can be made in the app under Branches.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "general",
        disposition: "data_updated",
        weight: 4,
        handling_s: 170.0,
        uk: Texts {
            subjects: &["Змінився номер телефону", "Оновлення персональних даних"],
            question: "Добрий день! Змінила номер телефону та прізвище після одруження. Що потрібно зробити, щоб оновити дані в банку?\n\n{name}",
            answer: "{greeting}!\n\nВітаємо! Новий номер можна підтвердити в застосунку («Профіль» → «Телефон»), а для зміни прізвища завітайте, будь ласка, до відділення з новим паспортом до {date}. Картки перевипустимо безкоштовно.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["My telephone number has changed"],
            question: "Hello, I have a new telephone number and a new family name after my wedding. How do I update my data?\n\n{name}",
            answer: "{greeting},\n\ncongratulations! You can confirm the number in the app under Profile; for the name please come to a branch with your new passport by {date}. New cards are free of charge.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "general",
        disposition: "fraud_reported",
        weight: 2,
        handling_s: 280.0,
        uk: Texts {
            subjects: &["Дзвонили начебто з вашого банку", "Підозріле повідомлення"],
            question: "Мені щойно телефонували «зі служби безпеки» вашого банку і просили продиктувати код із повідомлення. Я нічого не сказав. Чи це були ви? Чи треба щось робити з карткою *{last_four}?\n\n{name}",
            answer: "{greeting}!\n\nЦе були шахраї: банк ніколи не питає кодів із повідомлень. Ви вчинили правильно. Операцій за карткою *{last_four} немає, перевипускати її не треба. Номер, з якого телефонували, передали до служби безпеки.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["A call that claimed to be from your bank"],
            question: "Somebody who said he was from your security service asked me for the code in a message. I told him nothing. Was that you? Should I do something about my card *{last_four}?\n\n{name}",
            answer: "{greeting},\n\nthat was fraud: the bank never asks for such codes. You did the right thing. There are no operations on your card *{last_four}. We have reported the number.\n\nKind regards,\n{agent}",
        },
    },
    Topic {
        queue: "general",
        disposition: "information_given",
        weight: 2,
        handling_s: 130.0,
        uk: Texts {
            subjects: &["Не можу увійти в застосунок", "Забув пароль"],
            question: "Після оновлення телефона застосунок просить пароль, якого я не пам'ятаю. Як відновити доступ?\n\n{name}",
            answer: "{greeting}!\n\nНа екрані входу натисніть «Забули пароль?» і підтвердьте особу карткою та кодом із повідомлення. Якщо номер телефону змінився, зробити це можна у відділенні.\n\nЗ повагою,\n{agent}",
        },
        en: Texts {
            subjects: &["Cannot sign in to the app"],
            question: "After changing my phone the app asks for a password that I do not remember. How do I get access again?\n\n{name}",
            answer: "{greeting},\n\nplease choose \"Forgot password?\" on the first screen and confirm with your card and a code. If your number has changed, a branch can do it for you.\n\nKind regards,\n{agent}",
        },
    },
];

/// A topic of the queue, by weight.
pub fn topic(chance: &mut Chance, queue: QueueKey) -> &'static Topic {
    let fitting: Vec<&'static Topic> = TOPICS.iter().filter(|topic| topic.queue == queue).collect();
    let weights: Vec<u64> = fitting.iter().map(|topic| topic.weight).collect();
    fitting[chance.weighted(&weights)]
}

/// The topic of a text that came in, for robots that answer: whose subject it has.
pub fn recognise(subject: &str) -> Option<(&'static Topic, bool)> {
    let fits = |texts: &Texts| {
        texts.subjects.iter().any(|known| {
            let stable = known.split('{').next().unwrap_or_default();
            !stable.is_empty() && subject.contains(stable.trim())
        })
    };
    let uk = TOPICS.iter().find(|topic| fits(&topic.uk)).map(|topic| (topic, true));
    uk.or_else(|| TOPICS.iter().find(|topic| fits(&topic.en)).map(|topic| (topic, false)))
}

/// What the placeholders stand for.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// Who writes.
    pub name: String,
    /// How the bank addresses the writer.
    pub greeting: String,
    /// Who answers.
    pub agent: String,
    /// In hryvnias.
    pub amount: String,
    /// `12.03`.
    pub date: String,
    /// Of a card.
    pub last_four: String,
}

impl Filling {
    /// Made-up figures; `day` is a date for people.
    pub fn new(chance: &mut Chance, name: &str, greeting: &str, agent: &str, day: String) -> Self {
        Self {
            name: name.to_owned(),
            greeting: greeting.to_owned(),
            agent: agent.to_owned(),
            amount: thousands(chance.between(3, 900) * 100 + 50 * chance.between(0, 1)),
            date: day,
            last_four: format!("{:04}", chance.below(10_000)),
        }
    }

    /// The text with everything filled in.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{name}", &self.name)
            .replace("{greeting}", &self.greeting)
            .replace("{agent}", &self.agent)
            .replace("{amount}", &self.amount)
            .replace("{date}", &self.date)
            .replace("{last_four}", &self.last_four)
    }
}

/// `12 500`, with a space that does not break.
fn thousands(value: i64) -> String {
    if value < 1_000 {
        return value.to_string();
    }
    format!("{}\u{a0}{:03}", value / 1_000, value % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_has_topics_and_every_text_is_filled() {
        let mut chance = Chance::new(1);
        for (queue, _) in QUEUES {
            assert!(TOPICS.iter().any(|topic| topic.queue == queue), "{queue}");
            assert_eq!(topic(&mut chance, queue).queue, queue);
        }
        let filling = Filling::new(&mut chance, "n", "g", "a", "12.03".to_owned());
        for topic in &TOPICS {
            for texts in [&topic.uk, &topic.en] {
                for text in texts.subjects.iter().chain([&texts.question, &texts.answer]) {
                    let filled = filling.fill(text);
                    assert!(!filled.contains(['{', '}']), "{filled}");
                }
            }
        }
    }

    #[test]
    fn a_subject_tells_its_topic_even_in_an_answer() {
        let mut chance = Chance::new(1);
        for topic in &TOPICS {
            for (texts, is_uk) in [(&topic.uk, true), (&topic.en, false)] {
                for subject in texts.subjects {
                    let filling = Filling::new(&mut chance, "", "", "", "1.01".to_owned());
                    let subject = format!("Re: {}", filling.fill(subject));
                    let found = recognise(&subject).map(|(found, uk)| (found.disposition, uk));
                    assert_eq!(found, Some((topic.disposition, is_uk)), "{subject}");
                }
            }
        }
        assert!(recognise("Зовсім про інше").is_none());
    }
}
