//! The language itself: grammar, arithmetic, errors. What the functions answer is tested where worlds run.

use super::*;

fn value(text: &str) -> Result<Value, QueryProblem> {
    let world = World::new(crate::engine::Setup::default()).expect("the default setup is sound");
    let memory = Memory::from([("before".to_owned(), (Value::Int(3), Kind::Number))]);
    expression(text)?.evaluate(Scope { world: &world, past: &[], memory: &memory })
}

#[test]
fn formulas_mean_what_they_say() {
    for (text, expected) in [
        ("1 + 2 - 4", Value::Int(-1)),
        ("9s - 500ms", Value::Time(8_500_000)),
        ("1 < 2 and 2 < 3", Value::Bool(true)),
        ("not 1 < 2 or true", Value::Bool(true)),
        ("not (1 < 2 or true)", Value::Bool(false)),
        ("2 in [1, 2, 3]", Value::Bool(true)),
        ("Stable == \"Stable\"", Value::Bool(true)),
        ("$before + 1", Value::Int(4)),
        ("len([a, b])", Value::Int(2)),
        ("none == none", Value::Bool(true)),
        ("none < 3", Value::Bool(false)),
        ("none + 3", Value::None),
        ("[1, 2] == [1, 2]", Value::Bool(true)),
        ("broker-1 != broker-2", Value::Bool(true)),
        ("time()", Value::Time(0)),
        // From Kafka's own murmur2, the sign masked off.
        ("hash(alice)", Value::Int(1_951_417_749)),
        ("hash(\"21\")", Value::Int(1_173_551_340)),
        ("hash(21)", Value::Int(1_173_551_340)),
        // What does not exist yet is none, not an error.
        ("leader(orders-0)", Value::None),
        ("hw(orders-0, broker-9)", Value::None),
        ("lag(billing)", Value::None),
        ("stored(orders)", Value::None),
        ("partition_for(orders, alice)", Value::None),
        ("copies(orders-0, 0)", Value::None),
        ("acked_in(checkout)", Value::None),
        ("answered_in(billing)", Value::None),
        ("late(billing, 1s)", Value::Int(0)),
        ("read_order(reader-1)", Value::None),
        ("skipped(billing)", Value::None),
        ("queue_deliveries()", Value::Int(0)),
        ("leads(1)", Value::None),
        ("segments(orders-0)", Value::None),
        ("scanned(orders-0, 3)", Value::None),
        ("offset_at(orders-0, 3s)", Value::None),
        ("cut_off(orders-0, broker-2)", Value::None),
        ("znode('/controller')", Value::None),
        ("zookeeper_serves()", Value::None),
        ("start_error(broker-1)", Value::None),
        ("quorum_state(controller-101)", Value::Text("Unattached".into())),
        ("quorum_state(broker-1)", Value::None),
    ] {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
}

#[test]
fn an_error_has_a_column_and_a_way_out() {
    for (text, expected) in [
        ("leader(orders-0", "column 16: a ')' is missing at the end; close it with ')'"),
        ("1 +", "column 4: the expression ends too early; add what is missing at the end"),
        ("1 = 2", "column 3: '=' means nothing here; compare with =="),
        ("1 2", "column 3: '2' is not expected here; put and, or or a comparison before it, or leave it out"),
        ("1 < 2 < 3", "column 7: a second comparison, '<'; join two comparisons by and"),
        ("hw()", "column 1: hw does not take 0 values; write hw(PARTITION[, BROKER])"),
        ("true and lagg(billing)", "column 10: there is no function lagg; did you mean lag(…)?"),
        ("'open", "column 1: a quotation is not closed; close it with the same quotation mark"),
        (
            "1 + Stable",
            "column 1: a word cannot be added to a number; calculate with numbers or with times (9s, 500ms)",
        ),
        (
            "1 < Stable",
            "column 1: a number cannot be compared with a word; compare numbers with numbers and times with times (9s, 500ms)",
        ),
        ("$after", "column 1: nothing was kept as $after; keep it in an earlier beat: keep = { NAME = \"…\" }"),
    ] {
        assert_eq!(value(text).map(|_| ()).map_err(|problem| problem.to_string()), Err(expected.to_owned()), "{text}");
    }
    assert!(condition("hw(orders-0)").is_err());
    assert!(condition("hw(orders-0) > 3").is_ok());
}

#[test]
fn nesting_is_bounded() {
    let deep = "(".repeat(5_000);
    assert!(expression(&deep).unwrap_err().what.contains("nested too deeply"));
    let nots = "not ".repeat(5_000);
    assert!(expression(&nots).unwrap_err().what.contains("nested too deeply"));
}

#[test]
fn a_long_chain_is_evaluated_without_recursion_limits_in_practice() {
    let sum = vec!["1"; 300].join(" + ");
    assert_eq!(value(&sum), Ok(Value::Int(300)));
}

#[test]
fn values_are_written_as_the_page_writes_them() {
    for (value, text) in [
        (Value::Time(9_003_000), "9.003 s"),
        (Value::Time(9_000_000), "9 s"),
        (Value::Time(1_200_000), "1.2 s"),
        (Value::Time(3_599_999_000), "3599.999 s"),
        (Value::Time(7_200_100_000), "2 h"),
        (Value::Time(604_560_000_000), "167 h 56 min"),
        (Value::Time(604_799_000_000), "168 h"),
        (Value::List(vec![Value::Int(2), Value::Int(1)]), "2,1"),
        (Value::List(vec![Value::Text("a b".into()), Value::Text("c".into())]), "a b, c"),
        (Value::List(Vec::new()), "none"),
        (Value::None, "none"),
    ] {
        assert_eq!(value.to_string(), text);
    }
}

#[test]
fn the_table_of_functions_is_sound() {
    let mut names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FUNCTIONS.len(), "two functions share a name");
    for function in FUNCTIONS {
        assert!(function.form.starts_with(function.name) && function.answers.ends_with(['.', '?']), "{function:?}");
    }
    let takes = |name: &str| FUNCTIONS.iter().find(|function| function.name == name).unwrap().takes();
    assert_eq!((takes("time"), takes("hw"), takes("in_sync")), ((0, 0), (1, 2), (2, 2)));
}

#[test]
fn a_condition_can_say_why() {
    let world = World::new(crate::engine::Setup::default()).expect("the default setup is sound");
    let scope = Scope { world: &world, past: &[], memory: &Memory::new() };
    let condition = condition("time() > 1s and leader(orders-0) == 2").unwrap();
    let parts: Vec<String> = condition.parts(scope).iter().map(|(text, value)| format!("{text} = {value}")).collect();
    assert_eq!(parts, ["time() = 0 s", "leader(orders-0) = none"]);
    assert_eq!(condition.holds(scope), Ok(false));
}
