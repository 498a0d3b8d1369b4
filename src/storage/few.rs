//! A list that mostly holds one thing: the batches of one append. One costs no allocation.

/// In the order in which they were pushed.
#[derive(Clone, Debug)]
pub(super) struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Few<T> {
    /// Nothing yet.
    pub(super) fn new() -> Few<T> {
        Few { first: None, rest: Vec::new() }
    }

    /// One more at the end.
    pub(super) fn push(&mut self, thing: T) {
        match self.first {
            None => self.first = Some(thing),
            Some(_) => self.rest.push(thing),
        }
    }

    /// The first one.
    pub(super) fn first(&self) -> Option<&T> {
        self.first.as_ref()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    /// All of them, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.rest)
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(things: I) -> Few<T> {
        let mut things = things.into_iter();
        Few { first: things.next(), rest: things.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_stay_in_their_order() {
        let mut few = Few::new();
        assert!(few.first().is_none() && few.len() == 0);
        (1..=3).for_each(|n| few.push(n));
        few.iter_mut().for_each(|n| *n *= 10);
        assert_eq!(few.iter().copied().collect::<Vec<_>>(), [10, 20, 30]);
        assert_eq!((few.first(), few.len(), few.iter().next_back()), (Some(&10), 3, Some(&30)));
        let again: Few<_> = few.iter().copied().collect();
        assert_eq!((again.first(), again.len()), (Some(&10), 3));
    }
}
