//! What `package::resolve` and `python::install` will be: until they are there, so that others can build on this module.
use crate::Context;
use crate::package::facts::Facts;
use crate::store::digest::Sha256;
#[derive(Debug)]
#[allow(dead_code)]
pub struct Inputs {
    requirements: Vec<String>,
    constraints: Vec<String>,
    pre: bool,
}
#[derive(Debug)]
pub struct Resolution {
    pub pins: Vec<Pin>,
}
#[derive(Debug, Clone)]
pub struct Pin {
    pub name: String,
    pub version: pep440_rs::Version,
    pub file: String,
    pub url: String,
    pub sha256: Sha256,
}
#[derive(Debug, thiserror::Error)]
#[error("resolve: {0}")]
pub struct Error(String);
impl Error {
    pub fn is_contradiction(&self) -> bool {
        true
    }
}
impl Inputs {
    pub fn parse(r: &[&str], c: &[String], pre: bool) -> Result<Inputs, Error> {
        Ok(Inputs { requirements: r.iter().map(|s| s.to_string()).collect(), constraints: c.to_vec(), pre })
    }
}
pub fn resolve(_: &Context, _: &Facts, inputs: &Inputs) -> Result<Resolution, Error> {
    Err(Error(format!("{inputs:?} can't be resolved yet")))
}
