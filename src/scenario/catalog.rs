//! The lessons that come with Kafkascope, in the order of the curriculum.

use std::sync::Arc;

use super::caption::Bilingual;
use super::lesson::{Lesson, LessonProblem};

/// The documents, compiled into the program: a lesson needs no network.
const DOCUMENTS: &[(&str, &str)] = &[
    ("asynchronous-sign-up", include_str!("catalog/asynchronous-sign-up.toml")),
    ("decoupling", include_str!("catalog/decoupling.toml")),
    ("recovery", include_str!("catalog/recovery.toml")),
    ("buffering", include_str!("catalog/buffering.toml")),
    ("peak-shaving", include_str!("catalog/peak-shaving.toml")),
    ("point-to-point", include_str!("catalog/point-to-point.toml")),
    ("publish-subscribe", include_str!("catalog/publish-subscribe.toml")),
    ("push-and-pull", include_str!("catalog/push-and-pull.toml")),
    ("queue-and-topic", include_str!("catalog/queue-and-topic.toml")),
    ("group-id-decides", include_str!("catalog/group-id-decides.toml")),
    ("topic-and-partition", include_str!("catalog/topic-and-partition.toml")),
    ("keys-and-partitions", include_str!("catalog/keys-and-partitions.toml")),
    ("spread-over-brokers", include_str!("catalog/spread-over-brokers.toml")),
    ("consumer-group", include_str!("catalog/consumer-group.toml")),
    ("offsets-and-replay", include_str!("catalog/offsets-and-replay.toml")),
    ("where-offsets-live", include_str!("catalog/where-offsets-live.toml")),
    ("offsets-in-zookeeper", include_str!("catalog/offsets-in-zookeeper.toml")),
    ("high-watermark", include_str!("catalog/high-watermark.toml")),
    ("leader-failover", include_str!("catalog/leader-failover.toml")),
    ("acks", include_str!("catalog/acks.toml")),
    ("min-insync-replicas", include_str!("catalog/min-insync-replicas.toml")),
    ("in-sync-set", include_str!("catalog/in-sync-set.toml")),
    ("unclean-election", include_str!("catalog/unclean-election.toml")),
    ("before-leader-epochs", include_str!("catalog/before-leader-epochs.toml")),
    ("leader-epochs", include_str!("catalog/leader-epochs.toml")),
    ("preferred-leader", include_str!("catalog/preferred-leader.toml")),
    ("eligible-replicas", include_str!("catalog/eligible-replicas.toml")),
    ("start-up-order", include_str!("catalog/start-up-order.toml")),
    ("what-zookeeper-stores", include_str!("catalog/what-zookeeper-stores.toml")),
    ("controller-dies", include_str!("catalog/controller-dies.toml")),
    ("kraft-quorum", include_str!("catalog/kraft-quorum.toml")),
    ("segments", include_str!("catalog/segments.toml")),
    ("retention", include_str!("catalog/retention.toml")),
    ("compaction", include_str!("catalog/compaction.toml")),
    ("power-loss", include_str!("catalog/power-loss.toml")),
    ("commit-before-or-after", include_str!("catalog/commit-before-or-after.toml")),
    ("auto-commit", include_str!("catalog/auto-commit.toml")),
    ("two-timers", include_str!("catalog/two-timers.toml")),
    ("auto-offset-reset", include_str!("catalog/auto-offset-reset.toml")),
    ("batching", include_str!("catalog/batching.toml")),
    ("retries-and-idempotence", include_str!("catalog/retries-and-idempotence.toml")),
    ("the-console", include_str!("catalog/the-console.toml")),
];

/// Chapters of the curriculum.
const CHAPTERS: &[(u32, &str, &str)] = &[
    (1, "Why a queue", "为什么要用消息队列"),
    (2, "Two ways to deliver", "两种投递方式"),
    (3, "Kafka's parts", "Kafka 的组成"),
    (4, "Replication and failover", "副本与故障转移"),
    (5, "Who keeps the cluster's memory", "谁保管集群的记忆"),
    (6, "The log as storage", "日志即存储"),
    (7, "Consumers in depth", "深入消费者"),
    (8, "Producers and exactly-once", "生产者与精确一次"),
    (9, "Stream processing", "流式处理"),
    (10, "Take it away", "带走它"),
];

/// All lessons at hand.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    lessons: Vec<Arc<Lesson>>,
}

/// A chapter's number, title and lessons.
#[derive(Clone, Debug)]
pub struct Chapter<'a> {
    pub number: u32,
    pub title: Bilingual<String>,
    pub lessons: Vec<&'a Arc<Lesson>>,
}

impl Catalog {
    /// The lessons that come with the program.
    ///
    /// # Panics
    /// If one of them cannot be read; a test reads them all.
    #[must_use]
    pub fn builtin() -> Self {
        let read = |(id, document): &(&str, &str)| {
            Lesson::parse(document).unwrap_or_else(|problem| panic!("the built-in lesson {id} is sound: {problem}"))
        };
        Self::of(DOCUMENTS.iter().map(read).collect())
    }

    /// Lessons in the order of chapter and place.
    #[must_use]
    pub fn of(mut lessons: Vec<Lesson>) -> Self {
        lessons.sort_by_key(|lesson| (lesson.chapter, lesson.order));
        Self { lessons: lessons.into_iter().map(Arc::new).collect() }
    }

    /// Takes in a document of the user's, replacing a lesson of the same id.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn add(&mut self, document: &str) -> Result<Arc<Lesson>, LessonProblem> {
        let lesson = Arc::new(Lesson::parse(document)?);
        self.lessons.retain(|other| other.id != lesson.id);
        self.lessons.push(lesson.clone());
        self.lessons.sort_by_key(|lesson| (lesson.chapter, lesson.order));
        Ok(lesson)
    }

    #[must_use]
    pub fn lessons(&self) -> &[Arc<Lesson>] {
        &self.lessons
    }

    #[must_use]
    pub fn lesson(&self, id: &str) -> Option<&Arc<Lesson>> {
        self.lessons.iter().find(|lesson| lesson.id == id)
    }

    /// Chapters that have lessons.
    #[must_use]
    pub fn chapters(&self) -> Vec<Chapter<'_>> {
        self.chapters_about("")
    }

    /// Chapters that have lessons about something, and those lessons.
    #[must_use]
    pub fn chapters_about(&self, wanted: &str) -> Vec<Chapter<'_>> {
        let chapter = |(number, en, zh): &(u32, &str, &str)| Chapter {
            number: *number,
            title: Bilingual { en: (*en).to_owned(), zh: (*zh).to_owned() },
            lessons: self
                .lessons
                .iter()
                .filter(|lesson| lesson.chapter == *number && lesson.is_about(wanted))
                .collect(),
        };
        CHAPTERS.iter().map(chapter).filter(|chapter| !chapter.lessons.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_lesson_is_found_by_its_file_name() {
        let catalog = Catalog::builtin();
        for (id, _) in DOCUMENTS {
            assert!(catalog.lesson(id).is_some(), "{id}.toml has another id inside");
        }
        assert_eq!(catalog.lessons().len(), DOCUMENTS.len());
        let found = |wanted: &str| -> Vec<&str> {
            let chapters = catalog.chapters_about(wanted);
            chapters.iter().flat_map(|chapter| &chapter.lessons).map(|lesson| lesson.id.as_str()).collect()
        };
        assert_eq!(found("4.2"), ["leader-failover"]);
        assert_eq!(found("Side QUEUE"), ["queue-and-topic"]);
        assert!(found("崩溃 leader").contains(&"leader-failover"), "words in any order");
        assert!(found("no such thing").is_empty());
        let in_chapters: usize = catalog.chapters().iter().map(|chapter| chapter.lessons.len()).sum();
        assert_eq!(in_chapters, DOCUMENTS.len(), "every lesson belongs to a chapter of the curriculum");
    }
}
