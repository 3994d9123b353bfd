DROP TABLE predictions;
DROP TABLE customers;
