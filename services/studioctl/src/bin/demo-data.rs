//! Writes the demo operator as the CSV files that `deploy/local/up` imports:
//!
//!     cargo run -p studioctl --bin demo-data -- deploy/local/demo
//!
//! The same seed makes the same people for ever; a test compares the committed
//! files with what this writes. Nobody in them exists: the prefix 154 of the
//! phones and the areas 1199 and 3199 of the ID numbers were never assigned.

use std::path::Path;
use std::process::ExitCode;

use platform::personal::IdNumber;

const SEED: u64 = 20_261_121;
const MEMBERS: usize = 2000;

/// code, parent, name
const LEGAL_ENTITIES: [(&str, &str, &str); 3] = [
    ("BJ", "YD", "北京悦动健身有限公司"),
    ("SH", "YD", "上海悦动健身有限公司"),
    ("SH-PD", "YD", "上海悦动浦东体育发展有限公司"),
];
const REGIONS: [(&str, &str, &str); 4] = [
    ("BJ-EAST", "BJ", "北京东区"),
    ("BJ-WEST", "BJ", "北京西区"),
    ("SH-PUXI", "SH", "上海浦西"),
    ("SH-PUDONG", "SH-PD", "上海浦东"),
];
const STUDIOS: [(&str, &str, &str); 12] = [
    ("BJ-GUOMAO", "BJ-EAST", "国贸店"),
    ("BJ-WANGJING", "BJ-EAST", "望京店"),
    ("BJ-SANLITUN", "BJ-EAST", "三里屯店"),
    ("BJ-ZHONGGUANCUN", "BJ-WEST", "中关村店"),
    ("BJ-WUDAOKOU", "BJ-WEST", "五道口店"),
    ("BJ-JINRONGJIE", "BJ-WEST", "金融街店"),
    ("SH-JINGAN", "SH-PUXI", "静安寺店"),
    ("SH-XUJIAHUI", "SH-PUXI", "徐家汇店"),
    ("SH-HONGQIAO", "SH-PUXI", "虹桥店"),
    ("SH-LUJIAZUI", "SH-PUDONG", "陆家嘴店"),
    ("SH-ZHANGJIANG", "SH-PUDONG", "张江店"),
    ("SH-QIANTAN", "SH-PUDONG", "前滩店"),
];

/// Roles whose first holder works for the whole operator, with the nodes of all.
const OFFICES: [(&str, &[&str]); 15] = [
    ("operator_admin", &["YUEDONG"]),
    ("operations", &["YUEDONG"]),
    ("product_manager", &["YUEDONG"]),
    ("technician", &["YUEDONG"]),
    ("finance_supervisor", &["YUEDONG"]),
    ("finance_staff", &["YUEDONG", "SH"]),
    ("finance_auditor", &["YUEDONG", "SH"]),
    ("recharge_manager", &["YUEDONG"]),
    ("recharge_supervisor", &["YUEDONG"]),
    ("recharge_specialist", &["YUEDONG", "BJ", "SH"]),
    ("customer_service", &["YUEDONG", "BJ", "SH", "SH-PD"]),
    ("reviewer", &["YUEDONG", "SH"]),
    ("refund_clerk", &["YUEDONG", "SH"]),
    ("refund_approver", &["YUEDONG", "SH"]),
    ("sales", &["YUEDONG", "BJ", "SH", "SH-PD"]),
];
/// Roles of a studio; the first holder works in the first studio.
const COUNTERS: [(&str, usize); 3] = [("studio_director", 12), ("front_desk", 12), ("coach", 8)];

const SURNAMES: &str = "王王王李李李张张张刘刘陈陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文";
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国庆志文斌宇浩凯健俊帆雪梅琳晨阳子涵梓轩一诺欣怡雨桐思远嘉豪诗雅博睿佳慧若曦泽宁安然书言清和景行知夏";

const PRODUCTS: &str = "\
code,name,kind,price,valid_days,validity_start,start_within_days,activation,benefits,sold_at,effective_from
YEAR-ALL,全城通年卡,annual_card,3980.00,365,activation,90,by_identity,ENTRY:入馆训练:operator:0;GUEST:携友体验:studio:4;ASSESS:体能评估:studio:2,,
YEAR-ONE,单店年卡,annual_card,2680.00,365,activation,90,by_identity,ENTRY:入馆训练:studio:0;ASSESS:体能评估:studio:1,,
YEAR-BJ,北京通年卡,annual_card,3280.00,365,activation,90,by_identity,ENTRY:入馆训练:legal_entity:0;GUEST:携友体验:studio:2,BJ,
YEAR-OFFPEAK,闲时年卡,annual_card,1880.00,365,activation,60,by_identity,ENTRY:闲时入馆:studio:0,,
QUARTER,季卡,term_card,980.00,90,payment,0,at_once,ENTRY:入馆训练:studio:0,,
MONTH,月卡,term_card,398.00,30,first_visit,30,at_once,ENTRY:入馆训练:studio:0,,
CLASS-10,十次团课包,class_pack,899.00,180,activation,30,at_once,CLASS:团体课:region:10,,
COACH-12,十二节私教包,class_pack,4200.00,180,activation,30,by_identity,COACH:私教课:studio:12;ASSESS:体能评估:studio:1,,
";

/// SplitMix64: small, and the same everywhere for ever.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `sides`.
    fn below(&mut self, sides: usize) -> usize {
        let sides = u64::try_from(sides.max(1)).unwrap_or(1);
        usize::try_from(self.roll() % sides).unwrap_or(0)
    }

    fn letter(&mut self, of: &str) -> char {
        let count = of.chars().count();
        of.chars().nth(self.below(count)).unwrap_or('王')
    }

    fn name(&mut self) -> String {
        let mut name = String::from(self.letter(SURNAMES));
        name.push(self.letter(GIVEN));
        if self.below(10) < 7 {
            name.push(self.letter(GIVEN));
        }
        name
    }
}

type Node = (&'static str, &'static str, &'static str);

fn file(heading: &str, rows: &[String]) -> String {
    format!("{heading}\n{}\n", rows.join("\n"))
}

fn organisation() -> String {
    let levels: [(&str, &[Node]); 5] = [
        ("operator", &[("YUEDONG", "", "悦动健身连锁")]),
        ("brand", &[("YD", "YUEDONG", "悦动")]),
        ("legal_entity", &LEGAL_ENTITIES),
        ("region", &REGIONS),
        ("studio", &STUDIOS),
    ];
    let rows: Vec<String> = levels
        .iter()
        .flat_map(|(kind, nodes)| {
            nodes
                .iter()
                .map(move |(code, parent, name)| format!("{code},{kind},{parent},{name},Asia/Shanghai,no"))
        })
        .collect();
    file("code,kind,parent,name,time_zone,closed", &rows)
}

fn staff(dice: &mut Dice) -> String {
    let mut rows = Vec::new();
    let mut hire = |role: &str, nth: usize, node: &str| {
        let suffix = if nth == 0 {
            String::new()
        } else {
            format!("-{}", nth + 1)
        };
        let account = format!("{}{suffix}@studio.example", role.replace('_', "-"));
        rows.push(format!(
            "{account},{},E{:03},{role},{node}",
            dice.name(),
            rows.len() + 1
        ));
    };
    for (role, nodes) in OFFICES {
        for (nth, node) in nodes.iter().enumerate() {
            hire(role, nth, node);
        }
    }
    for (role, count) in COUNTERS {
        for (nth, (studio, _, _)) in STUDIOS.iter().take(count).enumerate() {
            hire(role, nth, studio);
        }
    }
    // Who certifies the first administrator's role must be somebody else. Named
    // by other dice, so that everybody else stays who they are.
    let second = Dice(SEED + 1).name();
    let number = rows.len() + 1;
    rows.push(format!(
        "operator-admin-2@studio.example,{second},E{number:03},operator_admin,YUEDONG"
    ));
    file("account,name,person,role,node", &rows)
}

fn members(dice: &mut Dice) -> Option<String> {
    let rows: Option<Vec<String>> = (0..MEMBERS).map(|nth| member(dice, nth)).collect();
    Some(file(
        "name,phone,id_number,email,studio,language,registered_on",
        &rows?,
    ))
}

fn member(dice: &mut Dice, nth: usize) -> Option<String> {
    let (studio, _, _) = STUDIOS.get(dice.below(STUDIOS.len()))?;
    let name = dice.name();
    // A step without a common divisor with the room: no number comes twice.
    let phone = 15_400_000_000 + (u64::try_from(nth).ok()? * 48_611 + 10_007) % 100_000_000;
    let area = if studio.starts_with("BJ") { 1199 } else { 3199 };
    let (year, month, day) = (1962 + dice.below(45), 1 + dice.below(12), 1 + dice.below(28));
    let body = format!("{area}{:02}{year}{month:02}{day:02}{:03}", nth / 1000, nth % 1000);
    let id_number = format!("{body}{}", IdNumber::check_character(&body)?);
    let email = format!("member{:04}@example.com", nth + 1);
    let language = if dice.below(25) == 0 { "en" } else { "zh-CN" };
    let (year, month, day) = (2024 + dice.below(2), 1 + dice.below(12), 1 + dice.below(28));
    Some(format!(
        "{name},{phone},{id_number},{email},{studio},{language},{year}-{month:02}-{day:02}"
    ))
}

/// Every file by its name.
fn files() -> Option<[(&'static str, String); 4]> {
    let mut dice = Dice(SEED);
    Some([
        ("organisation.csv", organisation()),
        ("staff.csv", staff(&mut dice)),
        ("members.csv", members(&mut dice)?),
        ("catalogue.csv", PRODUCTS.to_owned()),
    ])
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: demo-data <folder>");
        return ExitCode::FAILURE;
    };
    for (name, text) in files().into_iter().flatten() {
        let path = Path::new(&folder).join(name);
        if let Err(error) = std::fs::write(&path, text) {
            eprintln!("cannot write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::import::Sheet;
    use platform::personal::{PersonName, Phone};
    use std::collections::HashSet;

    fn text(wanted: &str) -> String {
        files()
            .unwrap()
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .unwrap()
            .1
    }

    #[test]
    fn the_committed_files_are_what_the_seed_makes() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/demo");
        for (name, text) in files().unwrap() {
            assert!(
                std::fs::read_to_string(folder.join(name)).unwrap() == text,
                "{name}: run demo-data again"
            );
        }
    }

    #[test]
    fn the_operator_has_the_size_that_the_demo_promises() {
        let kinds = text("organisation.csv");
        let count = |kind: &str| {
            kinds
                .lines()
                .filter(|l| l.split(',').nth(1) == Some(kind))
                .count()
        };
        assert_eq!((count("legal_entity"), count("studio")), (3, 12));
        let staff = text("staff.csv");
        let people: HashSet<&str> = staff
            .lines()
            .skip(1)
            .filter_map(|l| l.split(',').nth(2))
            .collect();
        let roles: HashSet<&str> = staff
            .lines()
            .skip(1)
            .filter_map(|l| l.split(',').nth(3))
            .collect();
        assert_eq!((people.len(), roles.len()), (61, 18));
        assert_eq!(text("catalogue.csv").lines().count(), 1 + 8);
    }

    #[test]
    fn every_member_is_a_person_whom_the_importer_takes_and_nobody_comes_twice() {
        let text = text("members.csv");
        let (mut phones, mut numbers) = (HashSet::new(), HashSet::new());
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            PersonName::parse("name", cells[0]).unwrap();
            assert!(phones.insert(Phone::parse("phone", cells[1]).unwrap()), "{line}");
            assert!(
                numbers.insert(IdNumber::parse("id_number", cells[2]).unwrap()),
                "{line}"
            );
        }
        assert_eq!(phones.len(), MEMBERS);
        for (name, text) in files().unwrap() {
            assert!(Sheet::read(text.as_bytes()).is_ok(), "{name}");
        }
    }
}
