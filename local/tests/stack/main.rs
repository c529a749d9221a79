//! The stack from outside: a template, a real function, and clients that know only an address.

mod stage;
mod starting;
mod template;
mod wires;
