DROP TABLE leases;
DROP TABLE job_log;
DROP TABLE jobs;
