DROP TABLE review_evidence;
DROP TABLE reviews;
DELETE FROM meta WHERE key IN ('reviews.seen', 'reviews.season');
