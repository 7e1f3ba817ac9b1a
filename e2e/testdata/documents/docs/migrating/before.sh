# The databases of Supabase and better-auth, with the tables that the page reads.
PATH=$TEST_POSTGRES_PROGRAMS:$PATH
OLD=migrating_$$
psql -q "$TEST_POSTGRES" -c "CREATE DATABASE $OLD"
SUPABASE_URL=$(echo "$TEST_POSTGRES" | sed "s|\(://[^/]*\)/[^?]*|\1/$OLD|")
BETTER_AUTH_URL=$SUPABASE_URL
psql -q "$SUPABASE_URL" <<'SQL'
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid, email text, encrypted_password text, email_confirmed_at timestamptz, created_at timestamptz, deleted_at timestamptz);
INSERT INTO auth.users VALUES
  ('0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f21', 'supabase@example.org', '$2a$10$cdefghijklmnopqrstuvwe7zEd.aAAw3xbt1tgnAsq4x69IE1DQKm', now(), '2024-05-17 08:30:00+02', NULL),
  ('0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f22', 'supabase-google@example.org', NULL, now(), '2024-05-17 08:30:00+02', NULL),
  ('0197a2f4-6c1e-7b3a-9d5f-2e8c4b6a1f23', 'unconfirmed@example.org', NULL, NULL, '2024-05-17 08:30:00+02', NULL);
CREATE TABLE "user" (id text, name text, email text, "emailVerified" boolean);
CREATE TABLE account (id text, "userId" text, "providerId" text, password text);
INSERT INTO "user" VALUES ('x1', 'Ada', 'better-auth@example.org', true), ('x2', 'Bob', 'unconfirmed@example.org', false);
INSERT INTO account VALUES ('a1', 'x1', 'credential', '00112233445566778899aabbccddeeff:267a33c2ae63f1c2d542f84d50b7d87c68900c8b9475f6a47ade71cf44b234822e0a34af1d226572b5caf52809319d4c486f3d209cc2fd022fb53bb4eaeb35b1'),
  ('a2', 'x1', 'google', NULL), ('a3', 'x2', 'credential', NULL);
SQL
