-- Numbers that count up were planned and never came: nothing has ever written here.

-- +goose Up
DROP TABLE counters;
