//! A protocol's short name, and what tells two protocols apart.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{Protocol, Selection};
use crate::data::Validation;
use crate::layers::Activation;
use crate::likelihood::Family;
use crate::network::Initialisation;
use crate::optimizer::{Algorithm, AlphaBound, Schedule};

/// A setting that two protocols, or two runs, do not share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    name: String,
    values: [Value; 2],
}

impl Protocol {
    /// The first 12 hexadecimal digits of the SHA-256 of the settings as JSON, keys sorted, no spaces; a setting that is not
    /// made, such as a patience, is not in it. Equal protocols have equal hashes, on every machine and in every version.
    ///
    /// ```
    /// use vardrop::Method;
    /// use vardrop::training::{Preset, Protocol};
    /// let first = Preset::First.protocol(Method::None, &[100, 100, 100])?;
    /// assert_eq!(first.hash(), "67e7db97901f");
    /// assert_ne!(Protocol { patience: Some(5), ..first.clone() }.hash(), first.hash());
    /// # Ok::<(), vardrop::Error>(())
    /// ```
    pub fn hash(&self) -> String {
        let mut settings: Vec<(String, Value)> = fields(self).into_iter().collect();
        settings.sort_by(|a, b| a.0.cmp(&b.0));
        let settings: Vec<String> =
            settings.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
        let digest = Sha256::digest(format!("{{{}}}", settings.join(",")));
        digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The settings whose values differ; `Null` stands for one that is not made. Those of a protocol stand with their own names.
pub(crate) fn differences(a: &impl Serialize, b: &impl Serialize) -> Vec<Difference> {
    let (a, b) = (flat(fields(a)), flat(fields(b)));
    let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
    // What is not written where it is as usual.
    let usual = |name: &str| match name {
        "validation" => Validation::Last.to_string().into(),
        "activation" => Activation::Relu.to_string().into(),
        "initialisation" => Initialisation::UnitColumns.to_string().into(),
        "likelihood" => Family::Categorical.to_string().into(),
        "alpha_bound" => AlphaBound::Projection.to_string().into(),
        "optimizer" => Algorithm::Adam.to_string().into(),
        "selection" => Selection::Error.to_string().into(),
        "schedule" => Schedule::Linear.to_string().into(),
        _ => Value::Null,
    };
    let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_else(|| usual(name));
    names
        .map(|name| Difference { name: name.clone(), values: [value(&a, name), value(&b, name)] })
        .filter(|difference| difference.values[0] != difference.values[1])
        .collect()
}

impl Difference {
    /// `step size 0.001 there, 0.0002 in the plan`: each value with its place.
    #[cfg_attr(not(feature = "sweep"), allow(dead_code, reason = "sweeps use it"))]
    pub(crate) fn placed(&self, places: [&str; 2]) -> String {
        let [a, b] = &self.values;
        format!("{} {} {}, {} {}", self.label(), written(a), places[0], written(b), places[1])
    }

    /// `step size 0.001 and 0.0002`.
    pub(crate) fn both(&self) -> String {
        let [a, b] = &self.values;
        format!("{} {} and {}", self.label(), written(a), written(b))
    }

    /// The setting's name as a plan has it.
    pub(super) fn into_name(self) -> String {
        self.name
    }

    /// The setting as messages name it.
    fn label(&self) -> String {
        match &*self.name {
            "learning_rate" => "step size".to_owned(),
            name => name.replace('_', " "),
        }
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn fields(of: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn flat(fields: Map<String, Value>) -> Map<String, Value> {
    fields
        .into_iter()
        .flat_map(|(name, value)| match value {
            Value::Object(inner) => inner,
            value => Map::from_iter([(name, value)]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::first;
    use super::*;

    fn shown(a: &Protocol, b: &Protocol) -> Vec<String> {
        differences(a, b).iter().map(|difference| difference.placed(["there", "in the plan"])).collect()
    }

    /// printf %s '{"alpha_step":20.0,"averaging":0.999,"batch_size":100,"constant_epochs":60,"epochs":60,"held_out":10000,
    /// "hidden_rate":0.5,"input_rate":0.2,"learning_rate":0.001}' | sha256sum, without the line break and with
    /// "patience":5 at the end for the second.
    #[test]
    fn the_hash_is_that_of_the_settings_that_are_made_and_stays_what_it_was() {
        assert_eq!(first().hash(), "67e7db97901f");
        assert_eq!(Protocol { patience: Some(5), ..first() }.hash(), "f590734439f9");
    }

    #[test]
    fn every_setting_counts() {
        let all = serde_json::to_value(Protocol { patience: Some(3), ..first() }).unwrap();
        let mut hashes = vec![first().hash()];
        for (name, value) in all.as_object().unwrap() {
            let mut other = all.clone();
            other[name] = if value.is_f64() { 0.125.into() } else { 7.into() };
            hashes.push(serde_json::from_value::<Protocol>(other).unwrap().hash());
        }
        for seed in [1, 2] {
            hashes.push(Protocol { validation: Validation::Drawn { seed }, ..first() }.hash());
        }
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
        assert!(hashes.iter().all(|hash| hash.len() == 12));
    }

    #[test]
    fn each_difference_is_told_with_both_values() {
        let plan = Protocol { learning_rate: 2e-4, ..first() };
        assert_eq!(shown(&first(), &plan), ["step size 0.001 there, 0.0002 in the plan"]);
        let patient = Protocol { patience: Some(5), epochs: 40, ..first() };
        let expected = ["epochs 60 there, 40 in the plan", "patience none there, 5 in the plan"];
        assert_eq!(shown(&first(), &patient), expected);
        assert_eq!(shown(&patient, &first())[1], "patience 5 there, none in the plan");
        assert!(shown(&patient, &patient).is_empty());
        let drawn = Protocol { validation: Validation::DRAWN, ..first() };
        assert_eq!(shown(&first(), &drawn), ["validation last there, drawn in the plan"]);
    }
}
