//! Funnels as JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Json, event_json, fault, over, parts_of, some_letters};
use crate::error::{Error, Result};
use crate::expr::{Aggregate, Expr, Funnel, Step};
use crate::time::Duration;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunnelJson {
    steps: Vec<StepJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ending: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Json>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StepJson {
    event: Arc<str>,
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    filter: Option<Json>,
}

impl From<&Funnel> for FunnelJson {
    fn from(funnel: &Funnel) -> Self {
        let (over, ending, since) = parts_of(funnel.window());
        Self { steps: funnel.steps().map(StepJson::from).collect(), over, ending, since }
    }
}

impl From<&Aggregate> for StepJson {
    fn from(events: &Aggregate) -> Self {
        Self { event: event_json(events.series()), filter: events.filter().map(Json::from) }
    }
}

impl TryFrom<FunnelJson> for Funnel {
    type Error = Error;

    fn try_from(json: FunnelJson) -> Result<Self> {
        if let Some(detail) = Self::fault(json.steps.len()) {
            return Err(fault(&detail));
        }
        let steps: Vec<Step> = json.steps.into_iter().map(Step::try_from).collect::<Result<_>>()?;
        Ok(Self::new(steps).within(over(json.over, json.ending, json.since)?))
    }
}

impl TryFrom<StepJson> for Step {
    type Error = Error;

    fn try_from(json: StepJson) -> Result<Self> {
        some_letters(&json.event)?;
        let step = Self::new(json.event);
        Ok(match json.filter {
            Some(filter) => step.filtered(Expr::try_from(filter)?),
            None => step,
        })
    }
}
