//! An event as it stands in a file, declared apart from the types in memory: those may be renamed and laid out anew, and
//! neither changes a file that was written nor one that will be.
//!
//! Each `…Form` says what stands in a file. Where serde's `remote` fits, it reads and writes the type in memory itself, and
//! whatever no longer agrees with that type doesn't compile; where the layouts differ, there are conversions. What a
//! form says is never changed, only added to, so that what is left out reads as it did before.
//! Times (`Duration`: seconds and nanoseconds) and addresses (text) stand as serde has them of the standard library.

mod call;
mod event;
mod lookup;
mod made;
mod packet;
mod parts;
mod polled;
mod rule;
mod socket;
mod statement;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) use parts::rules;

use crate::model::Event;

/// An event to be written.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct WrittenEvent<'a>(#[serde(serialize_with = "event::EventForm::serialize")] pub(super) &'a Event);

/// An event that was read.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Read(#[serde(deserialize_with = "event::EventForm::deserialize")] pub(super) Event);

/// How a `T` stands in a file.
trait Form<T> {
    fn write<S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>;

    /// # Errors
    /// Where what stands there is no `T`.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>;
}

/// A form for serde's `with`: also of what has others in it, as `As<Option<TimerForm>>`.
struct As<F>(PhantomData<F>);

impl<F> As<F> {
    fn serialize<T, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>
    where
        F: Form<T>,
    {
        F::write(value, to)
    }

    fn deserialize<'de, T, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>
    where
        F: Form<T>,
    {
        F::read(from)
    }
}

/// A part of what is written.
struct Out<'a, T, F>(&'a T, PhantomData<F>);

impl<'a, T, F> Out<'a, T, F> {
    fn of(value: &'a T) -> Out<'a, T, F> {
        Out(value, PhantomData)
    }
}

impl<T, F: Form<T>> Serialize for Out<'_, T, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        F::write(self.0, to)
    }
}

/// A part of what was read.
struct In<T, F>(T, PhantomData<F>);

impl<'de, T, F: Form<T>> Deserialize<'de> for In<T, F> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<In<T, F>, D::Error> {
        F::read(from).map(|value| In(value, PhantomData))
    }
}

impl<T, F: Form<T>> Form<Option<T>> for Option<F> {
    fn write<S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Out::<T, F>::of).serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<In<T, F>>::deserialize(from)?.map(|part| part.0))
    }
}

impl<T, F: Form<T>> Form<Vec<T>> for Vec<F> {
    fn write<S: Serializer>(value: &Vec<T>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(value.iter().map(Out::<T, F>::of))
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
        Ok(Vec::<In<T, F>>::deserialize(from)?.into_iter().map(|part| part.0).collect())
    }
}

impl<T, F: Form<T>> Form<Box<T>> for Box<F> {
    fn write<S: Serializer>(value: &Box<T>, to: S) -> Result<S::Ok, S::Error> {
        F::write(value, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Box<T>, D::Error> {
        F::read(from).map(Box::new)
    }
}

impl<A, B, F: Form<A>, G: Form<B>> Form<(A, B)> for (F, G) {
    fn write<S: Serializer>(value: &(A, B), to: S) -> Result<S::Ok, S::Error> {
        (Out::<A, F>::of(&value.0), Out::<B, G>::of(&value.1)).serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<(A, B), D::Error> {
        <(In<A, F>, In<B, G>)>::deserialize(from).map(|(one, other)| (one.0, other.0))
    }
}

impl<A, B, F: Form<A>, G: Form<B>> Form<Result<A, B>> for Result<F, G> {
    fn write<S: Serializer>(value: &Result<A, B>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Out::<A, F>::of).map_err(Out::<B, G>::of).serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Result<A, B>, D::Error> {
        Ok(Result::<In<A, F>, In<B, G>>::deserialize(from)?.map(|part| part.0).map_err(|part| part.0))
    }
}

/// What stands in a file as serde has it of the standard library.
macro_rules! plain {
    ($($of:ty)*) => {$(
        impl Form<$of> for $of {
            fn write<S: Serializer>(value: &$of, to: S) -> Result<S::Ok, S::Error> {
                value.serialize(to)
            }

            fn read<'de, D: Deserializer<'de>>(from: D) -> Result<$of, D::Error> {
                Deserialize::deserialize(from)
            }
        }
    )*};
}

plain! { String std::time::Duration }

/// Forms of types that serde's `remote` reads and writes itself.
macro_rules! remote {
    ($($form:ident: $of:ty;)*) => {$(
        impl $crate::report::form::Form<$of> for $form {
            fn write<S: serde::Serializer>(value: &$of, to: S) -> Result<S::Ok, S::Error> {
                $form::serialize(value, to)
            }

            fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<$of, D::Error> {
                $form::deserialize(from)
            }
        }
    )*};
}

/// Forms that are laid out otherwise than the type in memory: `From` makes one of it, `TryFrom` makes it of one.
macro_rules! converted {
    ($($form:ident: $of:ty;)*) => {$(
        impl $crate::report::form::Form<$of> for $form {
            fn write<S: serde::Serializer>(value: &$of, to: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&$form::from(value), to)
            }

            fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<$of, D::Error> {
                let form: $form = serde::Deserialize::deserialize(from)?;
                <$of>::try_from(form).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// What stands in a file as its own text, which `Display` writes and `FromStr` reads: names in C, joined by `|` where there
/// are several.
struct TextForm;

/// Types whose form is [`TextForm`], each with what is said of a text that is none of it.
macro_rules! text {
    ($($of:ty: $none:literal;)*) => {$(
        impl $crate::report::form::Form<$of> for $crate::report::form::TextForm {
            fn write<S: serde::Serializer>(value: &$of, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(value)
            }

            fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<$of, D::Error> {
                let text: String = serde::Deserialize::deserialize(from)?;
                text.parse().map_err(|_| serde::de::Error::custom($none))
            }
        }
    )*};
}

use {converted, remote, text};
