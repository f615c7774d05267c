use std::ffi::OsString;
use std::time::Duration;

use super::*;
use crate::i18n::testing::zh;
use crate::i18n::width;

fn run(line: &str) -> Result<Invocation, Exit> {
    in_locale(line, "C.UTF-8")
}

fn in_locale(line: &str, locale: &str) -> Result<Invocation, Exit> {
    let args = std::iter::once("sockwalk").chain(line.split_whitespace()).map(OsString::from);
    parse(args, |name| (name == "LANG").then(|| locale.to_owned()))
}

fn says(line: &str, locale: &str) -> String {
    let exit = in_locale(line, locale).unwrap_err();
    assert_eq!(exit.status, 2, "{}", exit.text);
    exit.text.lines().next().unwrap().to_owned()
}

#[test]
fn without_a_command_one_goes_on() {
    let invocation = run("").unwrap();
    assert_eq!(invocation.task, Task::Learn { target: None, from_start: false, record: None });
    assert_eq!((invocation.lang, invocation.mode, invocation.port), (Lang::EN, ModeChoice::Auto, None));
    assert_eq!(run("learn").unwrap(), invocation);
    let target = Some(Target::Builtin("handshake".into()));
    assert_eq!(
        run("learn handshake --from-start").unwrap().task,
        Task::Learn { target, from_start: true, record: None }
    );
    assert_eq!(run("reset").unwrap().task, Task::Reset(None));
    assert_eq!(run("reset stream").unwrap().task, Task::Reset(Some("stream".into())));
}

#[test]
fn global_options_stand_before_and_after_the_command() {
    let wanted = run("--lang zh --mode host --theme mono --port 9000 play loss --format json").unwrap();
    assert_eq!(run("play --lang=zh --format json loss --port 9000 --theme mono --mode host").unwrap(), wanted);
    assert_eq!((wanted.lang, wanted.mode, wanted.theme), (zh(), ModeChoice::Host, ThemeChoice::Mono));
    assert_eq!(wanted.port, Some(9000));
    let (target, patience) = (Target::Builtin("loss".into()), Duration::from_secs(3));
    assert_eq!(wanted.task, Task::Play { target, format: Format::Json, patience, timers: false, record: None });
}

#[test]
fn a_path_is_told_from_a_name() {
    for (argument, target) in [
        ("reset", Target::Builtin("reset".into())),
        ("./reset", Target::Path("./reset".into())),
        ("reset.toml", Target::Path("reset.toml".into())),
        (".", Target::Path(".".into())),
        ("..", Target::Path("..".into())),
    ] {
        assert_eq!(
            run(&format!("learn {argument}")).unwrap().task,
            Task::Learn { target: Some(target), from_start: false, record: None }
        );
    }
}

#[test]
fn the_locale_speaks_unless_the_option_does() {
    assert_eq!(in_locale("doctor", "zh_CN.UTF-8").unwrap().lang, zh());
    assert_eq!(in_locale("doctor --lang en", "zh_CN.UTF-8").unwrap().lang, Lang::EN);
    assert!(says("--lang zh --port x", "C.UTF-8").starts_with("错误："));
    // Where the terminal has no Chinese, what is wanted isn't had, and it is known that it was wanted.
    assert!(says("--lang zh --port x", "C").starts_with("error: "));
    for (line, locale, lacks_lang) in
        [("doctor --lang zh", "C", true), ("doctor", "zh_CN.GB18030", true), ("doctor", "C", false)]
    {
        let invocation = in_locale(line, locale).unwrap();
        assert_eq!((invocation.lang, invocation.lacks_lang), (Lang::EN, lacks_lang.then(zh)), "{line} {locale}");
    }
}

#[test]
fn wrong_usage_is_told_in_english() {
    for (line, sentence) in [
        (
            "paly",
            "error: There is no command `paly`. The commands are: learn, play, lessons, reset, glossary, check, new, server, client, free, watch, run, exec, replay, doctor. Did you mean `play`?",
        ),
        ("--lnag zh", "error: There is no option `--lnag` here. Did you mean `--lang`?"),
        ("--mode moon", "error: `moon` is not a value for --mode. Use one of: auto, lab, host."),
        ("--port 0", "error: `0` is not a value for --port. Use a whole number from 1 to 65535."),
        (
            "play --patience 600001",
            "error: `600001` is not a value for --patience. Use a whole number from 1 to 600000.",
        ),
        ("--port", "error: --port needs a value. Use a whole number from 1 to 65535."),
        ("--lang", "error: --lang needs a value. Use one of: en, zh."),
        ("learn a b", "error: `b` is one argument too many. Leave it out."),
        ("doctor --timers", "error: There is no option `--timers` here."),
        ("exec --bogus -- true", "error: There is no option `--bogus` here."),
        ("exec --pas true", "error: There is no option `--pas` here. Did you mean `--pass`?"),
        ("--port 1 --port 2", "error: --port is given more than once. Give it once."),
        ("exec --pass --report -- x", "error: --pass and --report can't be given together. Leave one of them out."),
        ("run --server x --report :9", "error: --report and [ADDR] can't be given together. Leave one of them out."),
        (
            "run",
            "error: Which program? --server 'CMD' names the server, --client 'CMD' the client; one of them is enough.",
        ),
        ("play --timers=yes", "error: --timers takes no value. Leave `yes` out."),
        (
            "\u{1b}[2J",
            "error: There is no command `\\x1b[2J`. The commands are: learn, play, lessons, reset, glossary, check, new, server, client, free, watch, run, exec, replay, doctor.",
        ),
    ] {
        assert_eq!(says(line, "C"), sentence, "{line}");
    }
}

#[test]
fn wrong_usage_is_told_in_chinese() {
    for (line, sentence) in [
        (
            "paly",
            "错误： 没有命令 `paly`。可用的命令：learn、play、lessons、reset、glossary、check、new、server、client、free、watch、run、exec、replay、doctor。 你是不是想写 `play`？",
        ),
        ("--mode moon", "错误： `moon` 不能作为 --mode 的值。 请使用其中之一：auto、lab、host。"),
        ("--port 70000", "错误： `70000` 不能作为 --port 的值。 请写 1 到 65535 之间的整数。"),
        (
            "run --report",
            "错误： 要运行哪个程序？用 --server '命令' 指定服务器，用 --client '命令' 指定客户端；有一个就够了。",
        ),
        ("learn a b", "错误： 多了一个参数 `b`，请删去。"),
    ] {
        assert_eq!(says(line, "zh_CN.UTF-8"), sentence.replace("： ", "：").replace("。 ", "。"), "{line}");
    }
}

#[test]
fn help_fits_into_80_columns_and_is_whole_in_both_languages() {
    for locale in ["C", "zh"] {
        for line in
            ["--help", "learn --help", "play -h", "reset -h", "glossary -h", "check -h", "new -h", "doctor --help"]
                .into_iter()
                .chain([
                    "server -h",
                    "client -h",
                    "free -h",
                    "watch -h",
                    "run -h",
                    "exec -h",
                    "replay -h",
                    "lessons -h",
                ])
        {
            let exit = in_locale(line, locale).unwrap_err();
            assert_eq!(exit.status, 0);
            for shown in exit.text.lines() {
                assert!(width(shown) <= 80, "{line}: {shown}");
            }
            assert!(exit.text.contains("--lang <en|zh>") && exit.text.contains("--help"), "{}", exit.text);
            let english = ["Usage:", "Options:", "Print", "possible values", "default:"];
            let chinese = locale == "zh";
            assert!(!chinese || !english.iter().any(|word| exit.text.contains(word)), "{}", exit.text);
        }
    }
}

#[test]
fn version() {
    let exit = run("--version").unwrap_err();
    assert_eq!((exit.status, exit.text.as_str()), (0, concat!("sockwalk ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn a_lesson_that_is_not_there() {
    let exit = load(&Target::Builtin("nothing".into()), Lang::EN, false).unwrap_err();
    assert_eq!(exit.status, 2);
    assert!(exit.text.starts_with("error: There is no lesson `nothing`."), "{}", exit.text);
    assert!(!exit.text.contains("Did you mean"), "{}", exit.text);
    // Where there is a file or a folder of this name, its path is told; tests run beside `src`.
    for (name, path) in [("nothing", "./nothing.toml."), ("src", "./src."), ("", "./my-lesson.toml.")] {
        let exit = load(&Target::Builtin(name.into()), Lang::EN, false).unwrap_err();
        assert!(exit.text.trim_end().ends_with(path), "{}", exit.text);
    }
    let near = load(&Target::Builtin("handshke".into()), Lang::EN, false).unwrap_err();
    assert!(near.text.contains("Did you mean `handshake`?"), "{}", near.text);
    let exit = load(&Target::Path("no/such.toml".into()), zh(), false).unwrap_err();
    assert_eq!(exit.status, 1);
    assert!(exit.text.starts_with("错误：无法读取课程文件 no/such.toml："), "{}", exit.text);
    assert_eq!(load(&Target::Path("/dev/zero".into()), Lang::EN, false).unwrap_err().status, 1);
    assert_eq!(load(&Target::Path("/".into()), Lang::EN, false).unwrap_err().status, 1);
}
