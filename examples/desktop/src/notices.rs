//! Messages that stay until the user dismisses them. Their number is limited, however often errors
//! occur.

/// The most notices that are kept. New notices replace the oldest.
const MAX_NOTICES: usize = 12;

/// The most reasons that a notice of a batch gives.
const MAX_REASONS: usize = 3;

/// The notices of the window.
#[derive(Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
}

#[derive(Debug, PartialEq)]
struct Notice {
    message: String,
    times: usize,
}

impl Notices {
    pub fn add(&mut self, message: impl ToString) {
        let message = message.to_string();
        if let Some(same) = self
            .list
            .iter_mut()
            .find(|notice| notice.message == message)
        {
            same.times += 1;
            return;
        }
        if self.list.len() == MAX_NOTICES {
            self.list.remove(0);
        }
        self.list.push(Notice { message, times: 1 });
    }

    pub fn dismiss(&mut self, at: usize) {
        if at < self.list.len() {
            self.list.remove(at);
        }
    }

    pub fn dismiss_all(&mut self) {
        self.list.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the texts to show, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = String> + '_ {
        self.list.iter().map(|notice| match notice.times {
            1 => notice.message.clone(),
            times => format!("{} ({times} times)", notice.message),
        })
    }
}

/// The failures of one request for several files.
#[derive(Debug, Default)]
pub struct FailureBatch {
    count: usize,
    reasons: Vec<String>,
}

impl FailureBatch {
    pub fn add(&mut self, reason: impl ToString) {
        self.count += 1;
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(reason.to_string());
        }
    }

    /// Returns one notice of all failures, if any, and starts the next batch.
    pub fn take_message(&mut self) -> Option<String> {
        let Self { count, reasons } = std::mem::take(self);
        match count {
            0 => None,
            1 => reasons.into_iter().next(),
            _ => {
                let more = if count > reasons.len() { "\n…" } else { "" };
                let reasons = reasons.join("\n");
                Some(format!("{count} could not be opened:\n{reasons}{more}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_few() {
        let mut notices = Notices::default();
        (0..100).for_each(|i| notices.add(i / 2));
        let messages: Vec<String> = notices.all().collect();
        assert_eq!(messages.len(), MAX_NOTICES);
        assert_eq!(messages.last().unwrap(), "49 (2 times)");
        notices.dismiss(0);
        notices.dismiss(99);
        assert_eq!(notices.len(), MAX_NOTICES - 1);
        notices.dismiss_all();
        assert_eq!(notices.len(), 0);
    }

    #[test]
    fn a_batch_is_one_notice() {
        let mut batch = FailureBatch::default();
        assert_eq!(batch.take_message(), None);
        batch.add("alone");
        assert_eq!(batch.take_message().as_deref(), Some("alone"));
        ["a", "b"].into_iter().for_each(|name| batch.add(name));
        let both = "2 could not be opened:\na\nb";
        assert_eq!(batch.take_message().as_deref(), Some(both));
        (0..1000).for_each(|i| batch.add(i));
        let all = batch.take_message().unwrap();
        assert_eq!(all, "1000 could not be opened:\n0\n1\n2\n…");
        assert_eq!(batch.take_message(), None);
    }
}
