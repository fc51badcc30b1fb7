//! Syntax tree to value.

use std::cmp::Ordering;

use super::{Node, Operator, QueryProblem, Scope, Syntax, Value};

pub(super) fn evaluate(node: &Node, scope: Scope<'_>) -> Result<Value, QueryProblem> {
    match &node.what {
        Syntax::Literal(value) => Ok(value.clone()),
        Syntax::Kept(name) => scope.memory.get(name).map(|(value, _)| value.clone()).ok_or_else(|| {
            problem(node, format!("nothing was kept as ${name}"), "keep it in an earlier beat: keep = { NAME = \"…\" }")
        }),
        Syntax::List(items) => {
            items.iter().map(|item| evaluate(item, scope)).collect::<Result<_, _>>().map(Value::List)
        }
        Syntax::Call { function, arguments, .. } => {
            let arguments = arguments.iter().map(|item| evaluate(item, scope)).collect::<Result<Vec<_>, _>>()?;
            Ok((function.compute)(scope, &arguments))
        }
        Syntax::Not(inner) => Ok(Value::Bool(!truth(inner, scope)?)),
        Syntax::Binary { operator: Operator::And, left, right } => {
            Ok(Value::Bool(truth(left, scope)? && truth(right, scope)?))
        }
        Syntax::Binary { operator: Operator::Or, left, right } => {
            Ok(Value::Bool(truth(left, scope)? || truth(right, scope)?))
        }
        Syntax::Binary { operator, left, right } => {
            binary(node, *operator, &evaluate(left, scope)?, &evaluate(right, scope)?)
        }
    }
}

/// What is not there is not so.
fn truth(node: &Node, scope: Scope<'_>) -> Result<bool, QueryProblem> {
    match evaluate(node, scope)? {
        Value::Bool(value) => Ok(value),
        Value::None => Ok(false),
        other => Err(problem(node, format!("{other} is neither true nor false"), "compare it with something: … == 3")),
    }
}

fn binary(node: &Node, operator: Operator, left: &Value, right: &Value) -> Result<Value, QueryProblem> {
    let holds = match operator {
        Operator::Equal => left == right,
        Operator::Unequal => left != right,
        Operator::In => match right {
            Value::List(items) => items.contains(left),
            Value::None => false,
            _ => return Err(problem(node, format!("{} is no list", right.sort()), "write VALUE in [A, B]")),
        },
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            // Nothing is before or after what is not there.
            if *left == Value::None || *right == Value::None {
                return Ok(Value::Bool(false));
            }
            let Some(order) = left.compare(right) else {
                let what = format!("{} cannot be compared with {}", left.sort(), right.sort());
                return Err(problem(node, what, "compare numbers with numbers and times with times (9s, 500ms)"));
            };
            match operator {
                Operator::Less => order == Ordering::Less,
                Operator::LessOrEqual => order != Ordering::Greater,
                Operator::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }
        }
        Operator::Plus | Operator::Minus => return sum(node, operator, left, right),
        Operator::And | Operator::Or => unreachable!("evaluated before their right side is"),
    };
    Ok(Value::Bool(holds))
}

fn sum(node: &Node, operator: Operator, left: &Value, right: &Value) -> Result<Value, QueryProblem> {
    let plus = operator == Operator::Plus;
    match (left, right) {
        (Value::None, _) | (_, Value::None) => Ok(Value::None),
        (Value::Int(a), Value::Int(b)) => {
            Ok(Value::Int(if plus { a.saturating_add(*b) } else { a.saturating_sub(*b) }))
        }
        (Value::Time(a), Value::Time(b)) => {
            Ok(Value::Time(if plus { a.saturating_add(*b) } else { a.saturating_sub(*b) }))
        }
        _ => {
            let (verb, link) = if plus { ("added", "to") } else { ("taken", "from") };
            let what = format!("{} cannot be {verb} {link} {}", right.sort(), left.sort());
            Err(problem(node, what, "calculate with numbers or with times (9s, 500ms)"))
        }
    }
}

fn problem(node: &Node, what: String, mend: &str) -> QueryProblem {
    QueryProblem { column: node.column, what, mend: mend.to_owned() }
}
