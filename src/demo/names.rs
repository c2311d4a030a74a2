//! Ukrainian names as data, and what is derived from them: women's family names, mail addresses.
//! Names are common ones; nobody in particular is meant.

use super::chance::Chance;

/// Family names of men.
const FAMILY: [&str; 119] = [
    "Мельник",
    "Шевченко",
    "Коваленко",
    "Бондаренко",
    "Бойко",
    "Ткаченко",
    "Кравченко",
    "Ковальчук",
    "Коваль",
    "Олійник",
    "Шевчук",
    "Поліщук",
    "Ткачук",
    "Бондар",
    "Марченко",
    "Лисенко",
    "Мороз",
    "Савченко",
    "Руденко",
    "Петренко",
    "Клименко",
    "Кравчук",
    "Павленко",
    "Савчук",
    "Кузьменко",
    "Пономаренко",
    "Василенко",
    "Левченко",
    "Харченко",
    "Сидоренко",
    "Карпенко",
    "Гаврилюк",
    "Швець",
    "Мельничук",
    "Попович",
    "Романюк",
    "Панченко",
    "Юрченко",
    "Хоменко",
    "Павлюк",
    "Мазур",
    "Литвиненко",
    "Костенко",
    "Кулик",
    "Кушнір",
    "Костюк",
    "Федоренко",
    "Семенюк",
    "Колесник",
    "Ярошенко",
    "Тарасенко",
    "Гончаренко",
    "Гончар",
    "Вовк",
    "Приходько",
    "Іваненко",
    "Демченко",
    "Коломієць",
    "Козак",
    "Назаренко",
    "Лук'яненко",
    "Дем'яненко",
    "Мар'яненко",
    "Прокопенко",
    "Остапчук",
    "Ґалаґан",
    "Щербак",
    "Щербина",
    "Яценко",
    "Жук",
    "Зінченко",
    "Іщенко",
    "Кириленко",
    "Кучеренко",
    "Лазаренко",
    "Максименко",
    "Нестеренко",
    "Онищенко",
    "Пилипенко",
    "Рибак",
    "Самойленко",
    "Терещенко",
    "Федорчук",
    "Цимбалюк",
    "Чумак",
    "Шульга",
    "Яковенко",
    "Гриценко",
    "Дорошенко",
    "Єременко",
    "Журавель",
    "Ковальський",
    "Левицький",
    "Новицький",
    "Вишневський",
    "Соколовський",
    "Яворський",
    "Заболотний",
    "Чорний",
    "Білий",
    "Залеський",
    "Островський",
    "Добровольський",
    "Кульчицький",
    "Бережний",
    "Гнатюк",
    "Дзюба",
    "Корнієнко",
    "Матвієнко",
    "Андрієнко",
    "Сергієнко",
    "Задорожний",
    "Підгірний",
    "Рудницький",
    "Семенченко",
    "Стадник",
    "Паламар",
    "Хмара",
    "Ярема",
];

const GIVEN_MEN: [&str; 32] = [
    "Олександр",
    "Сергій",
    "Володимир",
    "Андрій",
    "Юрій",
    "Микола",
    "Василь",
    "Іван",
    "Віктор",
    "Олег",
    "Михайло",
    "Петро",
    "Дмитро",
    "Максим",
    "Роман",
    "Ігор",
    "Анатолій",
    "Богдан",
    "Тарас",
    "Євген",
    "Ярослав",
    "Віталій",
    "Олексій",
    "Артем",
    "Назар",
    "Остап",
    "Григорій",
    "Степан",
    "Павло",
    "Денис",
    "Валентин",
    "Руслан",
];

const GIVEN_WOMEN: [&str; 32] = [
    "Олена",
    "Наталія",
    "Тетяна",
    "Ірина",
    "Людмила",
    "Оксана",
    "Галина",
    "Світлана",
    "Марія",
    "Ольга",
    "Юлія",
    "Катерина",
    "Ганна",
    "Надія",
    "Валентина",
    "Лариса",
    "Вікторія",
    "Анна",
    "Любов",
    "Інна",
    "Леся",
    "Софія",
    "Дарина",
    "Соломія",
    "Зоряна",
    "Аліна",
    "Марина",
    "Алла",
    "Роксолана",
    "Уляна",
    "Євгенія",
    "Мар'яна",
];

/// Patronymics: of a man, of a woman.
const PATRONYMIC: [(&str, &str); 24] = [
    ("Олександрович", "Олександрівна"),
    ("Сергійович", "Сергіївна"),
    ("Володимирович", "Володимирівна"),
    ("Андрійович", "Андріївна"),
    ("Юрійович", "Юріївна"),
    ("Миколайович", "Миколаївна"),
    ("Васильович", "Василівна"),
    ("Іванович", "Іванівна"),
    ("Вікторович", "Вікторівна"),
    ("Олегович", "Олегівна"),
    ("Михайлович", "Михайлівна"),
    ("Петрович", "Петрівна"),
    ("Дмитрович", "Дмитрівна"),
    ("Романович", "Романівна"),
    ("Ігорович", "Ігорівна"),
    ("Анатолійович", "Анатоліївна"),
    ("Богданович", "Богданівна"),
    ("Тарасович", "Тарасівна"),
    ("Євгенович", "Євгенівна"),
    ("Ярославович", "Ярославівна"),
    ("Григорович", "Григорівна"),
    ("Степанович", "Степанівна"),
    ("Павлович", "Павлівна"),
    ("Ілліч", "Іллівна"),
];

/// Form, name in quotation marks, mail domain (reserved: RFC 2606).
const FIRM_WORDS: [&str; 40] = [
    "Світанок",
    "Дніпро",
    "Карпати",
    "Поділля",
    "Полісся",
    "Калина",
    "Барвінок",
    "Джерело",
    "Криниця",
    "Обрій",
    "Пролісок",
    "Веселка",
    "Зоря",
    "Вітрила",
    "Степ",
    "Лан",
    "Колос",
    "Врожай",
    "Млин",
    "Бджола",
    "Ливарник",
    "Будівник",
    "Меблевик",
    "Пекар",
    "Садівник",
    "Ткаля",
    "Кузня",
    "Причал",
    "Шлях",
    "Майстерня",
    "Оселя",
    "Затишок",
    "Ластівка",
    "Лелека",
    "Тополя",
    "Смерека",
    "Бескид",
    "Горинь",
    "Сула",
    "Псел",
];
const FIRM_ENDINGS: [&str; 12] = [
    "",
    " Плюс",
    "-Агро",
    "-Буд",
    "-Сервіс",
    "-Транс",
    "-Торг",
    "-Фарм",
    "-Тех",
    " Логістик",
    " Груп",
    "-Експорт",
];
const FIRM_FORMS: [&str; 5] = ["ТОВ", "ТОВ", "ТОВ", "ПП", "АТ"];

const CITIES: [(&str, &str); 12] = [
    ("Київ", "01001"),
    ("Львів", "79000"),
    ("Одеса", "65000"),
    ("Харків", "61000"),
    ("Дніпро", "49000"),
    ("Вінниця", "21000"),
    ("Полтава", "36000"),
    ("Чернівці", "58000"),
    ("Івано-Франківськ", "76000"),
    ("Тернопіль", "46000"),
    ("Луцьк", "43000"),
    ("Ужгород", "88000"),
];
const STREETS: [&str; 14] = [
    "вул. Садова",
    "вул. Шкільна",
    "вул. Лісова",
    "вул. Миру",
    "вул. Соборна",
    "вул. Набережна",
    "вул. Зелена",
    "вул. Польова",
    "вул. Вишнева",
    "просп. Свободи",
    "вул. Незалежності",
    "бульв. Каштановий",
    "вул. Тиха",
    "вул. Молодіжна",
];

/// A human being.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Human {
    /// Decides the forms of the name.
    pub woman: bool,
    /// Шевченко
    pub family: String,
    /// Олена
    pub given: &'static str,
    /// Петрівна
    pub patronymic: &'static str,
}

/// Somebody.
pub fn human(chance: &mut Chance) -> Human {
    let woman = chance.percent(54);
    let family = chance.pick(&FAMILY);
    let (of_man, of_woman) = chance.pick(&PATRONYMIC);
    let given_names: &[&'static str] = if woman { &GIVEN_WOMEN } else { &GIVEN_MEN };
    let given = chance.pick(given_names);
    Human {
        woman,
        family: if woman { womens_family_name(family) } else { family.to_owned() },
        given,
        patronymic: if woman { of_woman } else { of_man },
    }
}

/// A firm's name: form and name.
pub fn firm(chance: &mut Chance) -> (String, String) {
    let name = format!("{}{}", chance.pick(&FIRM_WORDS), chance.pick(&FIRM_ENDINGS));
    (format!("{} «{name}»", chance.pick(&FIRM_FORMS)), name)
}

/// A postal address.
pub fn postal_address(chance: &mut Chance) -> String {
    let (city, index) = chance.pick(&CITIES);
    let street = chance.pick(&STREETS);
    let house = chance.between(1, 140);
    let flat = chance.between(1, 180);
    format!("{index}, м. {city}, {street}, буд. {house}, кв. {flat}")
}

/// Adjectives have a woman's form, nouns do not.
fn womens_family_name(family: &str) -> String {
    for (of_man, of_woman) in [("ий", "а"), ("ов", "ова"), ("єв", "єва"), ("ін", "іна")]
    {
        if let Some(stem) = family.strip_suffix(of_man) {
            return format!("{stem}{of_woman}");
        }
    }
    family.to_owned()
}

/// Cyrillic in Latin letters as passports have it (Cabinet Resolution 55 of 27.01.2010), lower
/// case, everything but letters and digits left out.
pub fn latin(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    let mut at_beginning = true;
    for character in text.to_lowercase().chars() {
        let (first, later) = match character {
            'а' => ("a", "a"),
            'б' => ("b", "b"),
            'в' => ("v", "v"),
            'г' => ("h", "h"),
            'ґ' => ("g", "g"),
            'д' => ("d", "d"),
            'е' => ("e", "e"),
            'є' => ("ye", "ie"),
            'ж' => ("zh", "zh"),
            'з' => ("z", "z"),
            'и' => ("y", "y"),
            'і' => ("i", "i"),
            'ї' => ("yi", "i"),
            'й' => ("y", "i"),
            'к' => ("k", "k"),
            'л' => ("l", "l"),
            'м' => ("m", "m"),
            'н' => ("n", "n"),
            'о' => ("o", "o"),
            'п' => ("p", "p"),
            'р' => ("r", "r"),
            'с' => ("s", "s"),
            'т' => ("t", "t"),
            'у' => ("u", "u"),
            'ф' => ("f", "f"),
            'х' => ("kh", "kh"),
            'ц' => ("ts", "ts"),
            'ч' => ("ch", "ch"),
            'ш' => ("sh", "sh"),
            'щ' => ("shch", "shch"),
            'ю' => ("yu", "iu"),
            'я' => ("ya", "ia"),
            'a'..='z' | '0'..='9' => {
                latin.push(character);
                continue;
            }
            _ => continue,
        };
        latin.push_str(if at_beginning { first } else { later });
        at_beginning = false;
    }
    latin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn women_have_their_own_form_of_adjectives_only() {
        for (of_man, of_woman) in [
            ("Ковальський", "Ковальська"),
            ("Чорний", "Чорна"),
            ("Шевченко", "Шевченко"),
            ("Мельник", "Мельник"),
        ] {
            assert_eq!(womens_family_name(of_man), of_woman);
        }
    }

    #[test]
    fn addresses_are_written_as_in_passports() {
        assert_eq!(latin("Згурський"), "zhurskyi");
        assert_eq!(latin("Юрій"), "yurii");
        assert_eq!(latin("Знам'янка"), "znamianka");
        assert_eq!(latin("Щербак"), "shcherbak");
    }

    #[test]
    fn people_differ() {
        let mut chance = Chance::new(1);
        let names: std::collections::BTreeSet<String> = (0..1_000)
            .map(|_| human(&mut chance))
            .map(|human| format!("{} {} {}", human.family, human.given, human.patronymic))
            .collect();
        assert!(names.len() > 980, "{}", names.len());
    }
}
