-- The store that a warehouse lies in: its profile without secrets, the secrets
-- sealed, and its roots.

-- +goose Up
ALTER TABLE warehouse ADD COLUMN storage TEXT;
