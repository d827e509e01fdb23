//! JSON that holds every number that it was given.
//!
//! JSON has neither NaN nor infinity. serde_json writes `null` in their place without a word, which then cannot be read back, or is
//! read as a number that was never measured. All that this crate writes as JSON goes through [`to_json`], which refuses them; what
//! may be undefined is an `Option`.

use std::fmt::Display;

use serde::ser::{self, Error as _, Serialize, Serializer};
use serde_json::Error as Refused;

use crate::error::{Error, Result};

/// A value as one line of JSON, every number to its last digit.
///
/// ```
/// use vardrop::to_json;
///
/// assert_eq!(to_json(&[Some(0.1), None])?, "[0.1,null]");
/// let message = to_json(&[1.0, f64::NAN]).unwrap_err().to_string();
/// assert_eq!(message, "number for JSON is NaN at [1]: expected a finite one, as JSON has no others");
/// # Ok::<(), vardrop::Error>(())
/// ```
///
/// # Errors
/// A number that is infinite or not a number, named with its place; a value that is no JSON otherwise, such as a map whose keys are
/// not text.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    if let Some((place, value)) = non_finite(value) {
        let value = format!("{value} at {place}");
        return Err(Error::argument("number for JSON", value, "a finite one, as JSON has no others"));
    }
    serde_json::to_string(value).map_err(|error| Error::argument("value for JSON", error, "one that JSON can hold"))
}

/// The first number that is infinite or not a number: its place, such as `layers[0].interval.low`, and its value.
fn non_finite<T: Serialize + ?Sized>(value: &T) -> Option<(String, f64)> {
    let mut search = Search { place: Vec::new(), found: None };
    // The search ends with an error; another error is for the one who writes the JSON to find.
    let _ = value.serialize(&mut search);
    search.found
}

/// Goes through a value as a serializer does, and writes nothing.
struct Search {
    /// The way to where the search is: `layers`, `[0]`, …
    place: Vec<String>,
    found: Option<(String, f64)>,
}

impl Search {
    fn visit<T: Serialize + ?Sized>(&mut self, part: String, value: &T) -> Result<(), Refused> {
        self.place.push(part);
        value.serialize(&mut *self)?;
        self.place.pop();
        Ok(())
    }

    fn number(&mut self, value: f64) -> Result<(), Refused> {
        if value.is_finite() {
            return Ok(());
        }
        let place = self.place.join(".").replace(".[", "[");
        self.found = Some((if place.is_empty() { "its root".to_owned() } else { place }, value));
        Err(Refused::custom("not finite"))
    }
}

/// The scalars that hold no fractions.
macro_rules! pass {
    ($($name:ident: $kind:ty),*) => { $(
        fn $name(self, _: $kind) -> Result<(), Refused> {
            Ok(())
        }
    )* };
}

impl<'a> Serializer for &'a mut Search {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    pass!(serialize_bool: bool, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8], serialize_unit_struct: &'static str);
    pass!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128);
    pass!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128);

    fn serialize_f32(self, value: f32) -> Result<(), Refused> {
        self.number(value.into())
    }
    fn serialize_f64(self, value: f64) -> Result<(), Refused> {
        self.number(value)
    }
    fn serialize_none(self) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_unit(self) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Refused> {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.visit(variant.to_owned(), value)
    }
    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<(), Refused> {
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Refused> {
        Ok(Parts::of(self))
    }
    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(Parts::of(self))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(Parts::of(self))
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(Parts::of(self))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Refused> {
        Ok(Parts::of(self))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Refused> {
        Ok(Parts::of(self))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Refused> {
        Ok(Parts::of(self))
    }
}

/// The parts of a list, a map or a struct.
struct Parts<'a> {
    search: &'a mut Search,
    index: usize,
    key: String,
}

impl<'a> Parts<'a> {
    fn of(search: &'a mut Search) -> Self {
        Self { search, index: 0, key: String::new() }
    }

    fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.index += 1;
        self.search.visit(format!("[{}]", self.index - 1), value)
    }
}

macro_rules! parts {
    ($($kind:ident: $name:ident),*; named $($named:ident),*) => { $(
        impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Refused;

            fn $name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.next(value)
            }
            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        }
    )* $(
        impl ser::$named for Parts<'_> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
                self.search.visit(name.to_owned(), value)
            }
            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        }
    )* };
}
parts!(
    SerializeSeq: serialize_element, SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field;
    named SerializeStruct, SerializeStructVariant
);

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = serde_json::to_string(key)?.trim_matches('"').to_owned();
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.search.visit(std::mem::take(&mut self.key), value)
    }
    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Inner {
        low: Option<f64>,
        pair: (u8, f32),
    }

    #[derive(Serialize)]
    enum Kind {
        Plain,
        New(Inner),
        Tuple(f64, f64),
        Named { inner: Inner },
    }

    #[derive(Serialize)]
    #[serde(transparent)]
    struct Wrapped(BTreeMap<String, Vec<Kind>>);

    fn place(kinds: Vec<Kind>) -> Option<String> {
        let wrapped = Wrapped(BTreeMap::from([("finite".to_owned(), vec![Kind::Plain]), ("a b".to_owned(), kinds)]));
        non_finite(&wrapped).map(|(place, value)| format!("{place} = {value}"))
    }

    #[test]
    fn a_number_that_is_not_finite_is_found_wherever_it_is() {
        let inner = |low, single| Inner { low, pair: (1, single) };
        for (kind, expected) in [
            (Kind::New(inner(Some(f64::NAN), 0.0)), "a b[1].New.low = NaN"),
            (Kind::Named { inner: inner(None, f32::INFINITY) }, "a b[1].inner.pair[1] = inf"),
            (Kind::Tuple(0.0, f64::NEG_INFINITY), "a b[1][1] = -inf"),
        ] {
            assert_eq!(place(vec![Kind::Plain, kind]).as_deref(), Some(expected));
        }
        let finite = [f64::MAX, f64::MIN_POSITIVE, -0.0, 5e-324];
        let all = finite.map(|value| Kind::Named { inner: inner(Some(value), f32::MAX) });
        assert_eq!(place(all.into_iter().chain([Kind::New(inner(None, -0.0)), Kind::Tuple(0.0, 1.0)]).collect()), None);
        assert_eq!(non_finite(&f64::NAN).map(|found| found.0).as_deref(), Some("its root"));
    }

    #[test]
    fn what_json_cannot_hold_otherwise_is_an_error_as_well() {
        let error = to_json(&BTreeMap::from([(vec![1], 1)])).unwrap_err().to_string();
        assert!(error.starts_with("value for JSON is "), "{error}");
        assert_eq!(to_json(&u128::MAX).unwrap(), u128::MAX.to_string());
    }
}
