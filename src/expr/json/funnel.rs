//! Funnels as JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::window::Fields;
use super::{Json, event_json, fault, some_letters};
use crate::error::{Error, Result};
use crate::expr::{Aggregate, Expr, Funnel, Step};
use crate::time::{Duration, Zone};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    zone: Option<Zone>,
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
        let steps = funnel.steps().map(StepJson::from).collect();
        let Fields { over, ending, since, from, to, zone, .. } = funnel.window().into();
        Self { steps, over, ending, since, from, to, zone }
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
        let FunnelJson { steps, over, ending, since, from, to, zone } = json;
        if let Some(detail) = Self::fault(steps.len()) {
            return Err(fault(&detail));
        }
        let steps: Vec<Step> = steps.into_iter().map(Step::try_from).collect::<Result<_>>()?;
        let fields = Fields { over, ending, since, last: None, from, to, zone };
        Ok(Self::new(steps).within(fields.window()?))
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
