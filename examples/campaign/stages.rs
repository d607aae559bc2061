//! The stages of a campaign, each of which goes on where an earlier run was stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::claim::Mailing;
use bespoke::delivery::{Channel, EmlFolder, State, StateName};
use bespoke::error::ErrorKind;
use bespoke::facts::Timeline;
use bespoke::id::{MessageId, ProfileId};
use bespoke::identity::Hasher;
use bespoke::key::KeyProvider;
use bespoke::playbook::Playbook;
use bespoke::privacy::Vault;
use bespoke::report::Collector;
use bespoke::run::{self, Campaign, Visitor};
use bespoke::scorer::{Evaluation, Sampler, Trained};
use bespoke::seed::Seed;
use bespoke::source::Tally;
use bespoke::store::{Batch, SqliteStore, Store};
use bespoke::{Engine, Error};

use crate::args::tell;
use crate::ground::Ground;
use crate::options::Options;
use crate::output::{DecisionLine, Output, Summary};
use crate::people::{Base, Fault};
use crate::progress::Bar;
use crate::report;

/// How many messages are written unless all are asked for.
const FIRST: usize = 200;

/// How many decisions are read at a time.
const PAGE: usize = 1000;

/// The stages, and what they work on.
pub(crate) struct Stages<'a> {
    playbook: &'a Playbook,
    engine: &'a Engine,
    store: &'a SqliteStore,
    vault: &'a dyn Vault,
    options: &'a Options,
}

impl<'a> Stages<'a> {
    pub(crate) fn new(
        (playbook, engine): (&'a Playbook, &'a Engine),
        (store, vault): (&'a SqliteStore, &'a dyn Vault),
        options: &'a Options,
    ) -> Self {
        Self { playbook, engine, store, vault, options }
    }

    /// Runs the stages one after the other.
    pub(crate) fn run(
        &self,
        ground: &Ground,
        base: Base,
        output: &mut Output,
    ) -> Result<Summary, Fault> {
        pollster::block_on(self.stages(ground, base, output))
    }

    async fn stages(
        &self,
        ground: &Ground,
        base: Base,
        output: &mut Output,
    ) -> Result<Summary, Fault> {
        let mut bar = Bar::new(u64::try_from(base.count).ok());
        let tally = self.take_in(base, &ground.keys, &mut bar).await?;
        let (mut collector, trained) = self.learn(&mut bar).await?;
        let mut campaign = ground.campaign.clone();
        for (name, trained) in &trained {
            let scorer = Arc::new(trained.scorer.clone());
            campaign = campaign.scorer(name, scorer)?;
        }
        let now = self.options.now;
        let stores: (&dyn Store, &dyn Vault) = (self.store, self.vault);
        run::decide(&campaign, stores, now, &mut |progress| bar.show(progress)).await?;
        self.deliver(&campaign, output, &mut bar).await?;
        bar.begin("reporting", true);
        let mut summary = Summary::new(self.engine, self.options.explain.as_deref());
        self.write_decisions(&mut collector, &mut summary, output).await?;
        self.show(&campaign, &mut collector).await?;
        let (playbook, options) = (self.playbook, self.options);
        let report = report::finish(collector, playbook, options, tally.as_ref(), &trained)?;
        output.write("report.html", &report.html()?)?;
        self.explain(&mut summary).await?;
        bar.finish();
        for trained in trained.values() {
            summary.note(describe(&trained.evaluation));
        }
        Ok(summary.with_tally(tally))
    }

    async fn take_in(
        &self,
        base: Base,
        keys: &Arc<dyn KeyProvider>,
        bar: &mut Bar,
    ) -> Result<Option<Tally>, Fault> {
        let hasher = Hasher::new(Arc::clone(keys));
        let mut refused: Option<Error> = None;
        let contacts = base.people.map_while(|person| match person.contact(&hasher) {
            Ok(contact) => Some(contact),
            Err(error) => {
                refused = Some(error);
                None
            }
        });
        let stores: (&dyn Store, &dyn Vault) = (self.store, self.vault);
        let (schema, extract) = (self.engine.schema(), self.options.extract());
        run::take_in(stores, schema, &extract, contacts, &mut |progress| bar.show(progress))
            .await?;
        match refused {
            Some(error) => Err(error.into()),
            None => Ok(base.tally),
        }
    }

    /// Reads everybody's past once: for the scores, and for the report.
    async fn learn(
        &self,
        bar: &mut Bar,
    ) -> Result<(Collector, BTreeMap<Arc<str>, Trained>), Fault> {
        let now = self.options.now;
        let mut collector = report::collector(self.playbook, self.engine, self.options)?;
        let mut samplers: BTreeMap<Arc<str>, Sampler> = BTreeMap::new();
        for (name, score) in self.engine.scores() {
            samplers.insert(Arc::clone(name), Sampler::new(score, now, Seed::new(1)));
        }
        let visitor: &mut Visitor<'_> = &mut |profile, timeline| {
            collector.person(timeline);
            samplers.values_mut().for_each(|sampler| sampler.observe(&profile.id, timeline));
            Ok(())
        };
        run::visit(self.store, self.engine, visitor, &mut |progress| bar.show(progress)).await?;
        let mut trained = BTreeMap::new();
        for (name, sampler) in samplers {
            // A young shop has nothing to learn from; its campaign goes on without the score.
            match sampler.finish(&*self.options.trainer) {
                Ok(model) => drop(trained.insert(name, model)),
                Err(error) if error.kind() == ErrorKind::Model => tell(&error),
                Err(error) => return Err(error.into()),
            }
        }
        let models = trained.iter().map(|(name, model)| (format!("model/{name}"), model));
        let batch = models.fold(Batch::new(), |batch, (name, model)| {
            batch.document(name, model.scorer.to_json())
        });
        self.store.commit(batch).await?;
        Ok((collector, trained))
    }

    async fn deliver(
        &self,
        campaign: &Campaign,
        output: &Output,
        bar: &mut Bar,
    ) -> Result<(), Fault> {
        let folder = EmlFolder::open(output.messages())?;
        let channel = if self.options.all { folder } else { folder.keep(FIRST) };
        let now = self.options.now;
        let ends: (&dyn Store, &dyn Vault, &dyn Channel) = (self.store, self.vault, &channel);
        run::deliver(campaign, ends, now, &mut |progress| bar.show(progress)).await?;
        Ok(())
    }

    /// Writes a line for each decision with what came of it; whose mail the report shows.
    async fn write_decisions(
        &self,
        collector: &mut Collector,
        summary: &mut Summary,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mailing = Mailing::new(self.options.mailing.as_str());
        let unsent = self.unsent(&mailing).await?;
        let mut after = None;
        loop {
            let page = self.store.decisions(&mailing, after.as_ref(), PAGE).await?;
            for record in &page.items {
                let answers = record.answers()?;
                let state = record.message.as_ref().and_then(|message| unsent.get(message));
                let ending = collector.decision(record, state)?;
                summary.count(answers.segments.keys());
                summary.outcome(ending.outcome, ending.reason);
                output.line(&DecisionLine {
                    customer: record.profile.as_str(),
                    segments: &answers.segments,
                    scores: &answers.scores,
                    outcome: ending.outcome,
                    reason: ending.reason,
                    until: record.until,
                    blocks: &answers.blocks,
                    message: record.message.as_ref().map(MessageId::as_str),
                })?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        output.finish_lines()
    }

    /// The deliveries that no channel has accepted: few, unless something is wrong.
    async fn unsent(&self, mailing: &Mailing) -> Result<Unsent, Fault> {
        let mut unsent = Unsent::new();
        for state in [
            StateName::Claimed,
            StateName::Sending,
            StateName::Deferred,
            StateName::Failed,
            StateName::Unknown,
        ] {
            let mut after = None;
            loop {
                let page = self.store.deliveries(mailing, state, after.as_ref(), PAGE).await?;
                let items = page.items.into_iter();
                unsent.extend(items.map(|delivery| (delivery.id().clone(), delivery.state)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(unsent)
    }

    /// Renders once more the mail of those whom the report shows.
    async fn show(&self, campaign: &Campaign, collector: &mut Collector) -> Result<(), Fault> {
        for id in collector.shown() {
            let (profile, personal) = (self.store.profile(&id).await?, self.vault.get(&id).await?);
            let letter = campaign.preview(&profile, personal, self.options.now)?;
            collector.letter(&id, letter);
        }
        Ok(())
    }

    async fn explain(&self, summary: &mut Summary) -> Result<(), Fault> {
        if let Some(id) = &self.options.explain {
            let profile = self.store.profile(&ProfileId::from(id.as_str())).await?;
            let timeline = Timeline::of(profile.events, self.engine.schema());
            let facts = timeline.facts(self.options.now);
            if facts.is_known() {
                summary.explain(self.engine, &facts, id);
            }
        }
        Ok(())
    }
}

/// What no channel has accepted, and how far it has come.
type Unsent = BTreeMap<MessageId, State>;

/// A score in a line.
fn describe(evaluation: &Evaluation) -> String {
    let Evaluation { score, auc, brier, base_brier, base_rate, count, at, .. } = evaluation;
    let off = evaluation.calibration_error;
    let auc = auc.map_or("none".to_owned(), |auc| format!("{auc:.3}"));
    format!(
        "score {score}: AUC {auc}, Brier {brier:.4} (base rate {base_rate:.3}: {base_brier:.4}), \
         calibration error {off:.3}, on {count} customers as of {at}"
    )
}
