//! Identifiers that sort by the time they were made.

/// A new UUID version 7 as 36 characters of text. Ids made by one process sort in the order
/// in which they were made; across processes they sort by millisecond.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_sort_by_age() {
        let ids: Vec<String> = (0..1000).map(|_| super::new_id()).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].len(), 36);
    }
}
