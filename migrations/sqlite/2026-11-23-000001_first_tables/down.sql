DROP TABLE audit;
DROP TABLE alias_moves;
DROP TABLE aliases;
DROP TABLE model_versions;
DROP TABLE runs;
DROP TABLE datasets;
