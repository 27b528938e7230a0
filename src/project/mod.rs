//! Projects: the pin, the environment that belongs to it, whom we trust, and what happens at the prompt.

pub mod pin;
