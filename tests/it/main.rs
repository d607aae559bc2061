//! Tests of the library from outside, area by area.

mod source;
