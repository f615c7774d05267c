//! The trace in other forms.
