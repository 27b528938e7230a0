//! The questions between a plan and its apply, and the words after it, for every verb that applies.

use crate::error::Result;
use crate::machine::Error;
use crate::machine::apply::{OnConflict, Outcome, check_conflicts};
use crate::machine::item::{Kind, hook};
use crate::machine::plan::Plan;
use crate::machine::session::{Consent, Session};
use crate::store::env::var;
use crate::ui::prompt;
use crate::{Code, Context};

/// The consent given by options on the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    pub on_conflict: Option<OnConflict>,
    /// Everything that can be asked, by `--yes`.
    pub all: bool,
}

/// Applies what `session` loaded. Typing `apply` agrees to what was asked for before; a script's
/// text may have come with the last pull.
pub(super) fn apply(
    ctx: &Context,
    session: Session<'_>,
    agreed: Agreed,
    kinds: &[Kind],
) -> Result<Code> {
    let plan = session.plan(kinds)?;
    if plan.is_done() {
        session.keep()?;
        ctx.report.info("nothing to do");
        return Ok(Code::Done);
    }
    let is_new = session.has_new_scripts(&plan) && !agreed.all;
    if is_new || plan.conflicts().next().is_some() {
        show_plan(ctx, &plan, agreed);
    }
    let on_conflict = choose_on_conflict(&plan, agreed)?;
    if is_new && !prompt::confirm("Some of these scripts are new or changed. Run them?")? {
        return Err(Error::Declined.into());
    }
    let consent = Consent {
        on_conflict,
        answers: ask_questions(&session, &plan, agreed)?,
    };
    Ok(report_outcome(ctx, &session.apply(&plan, consent)?))
}

/// Chooses what becomes of files that boot did not make: as was typed, else as is answered, else
/// nothing is done. Before anything is done.
pub(super) fn choose_on_conflict(plan: &Plan, agreed: Agreed) -> Result<OnConflict> {
    let on_conflict = match agreed.on_conflict {
        Some(typed) => typed,
        None if agreed.all || plan.conflicts().next().is_none() || !prompt::is_possible() => {
            OnConflict::Fail
        }
        None => match prompt::choose(
            "boot did not make what is marked with !.",
            &["backup", "keep", "stop"],
        )? {
            "backup" => OnConflict::Backup,
            "keep" => OnConflict::Keep,
            _ => OnConflict::Fail,
        },
    };
    check_conflicts(plan, on_conflict)?;
    Ok(on_conflict)
}

/// Asks what the plan's templates want to know. Where nobody can be asked, or everything was agreed
/// to beforehand, defaults will do; they aren't remembered, so that a terminal asks later.
pub(super) fn ask_questions(
    session: &Session<'_>,
    plan: &Plan,
    agreed: Agreed,
) -> Result<Vec<(String, String)>> {
    let mut answers = Vec::new();
    for question in session.questions(plan)? {
        let default = question.default.as_deref();
        if default.is_some() && (agreed.all || !prompt::is_possible()) {
            continue;
        }
        let answer = prompt::ask(&question.text, default)?;
        answers.push((question.name, answer));
    }
    Ok(answers)
}

/// Shows the plan. Whoever is about to be asked sees it even with `--quiet`.
pub(super) fn show_plan(ctx: &Context, plan: &Plan, agreed: Agreed) {
    for line in plan.to_text().lines() {
        if agreed.all {
            ctx.report.info(line)
        } else {
            eprintln!("{line}")
        }
    }
}

/// Says what is new, and what to do next.
pub(super) fn report_outcome(ctx: &Context, outcome: &Outcome) -> Code {
    ctx.report.info(&outcome.summary());
    if !outcome.failed().is_empty() {
        ctx.report.info("boot apply tries again what failed");
    }
    if outcome.has_added(hook::KIND) {
        let shell = var("SHELL")
            .and_then(|path| path.rsplit('/').next().map(str::to_string))
            .filter(|name| ["bash", "zsh", "fish"].contains(&name.as_str()));
        ctx.report.info(&format!(
            "open a new shell, or: exec {}",
            shell.as_deref().unwrap_or("bash")
        ));
    }
    outcome.code()
}
