-- Run once, with psql 15 or newer and both passwords in the environment: psql -v ON_ERROR_STOP=1 -f roles.sql, as a
-- superuser or, where a provider keeps that role, as one that may create roles and databases.
\getenv owner_password FLOWPOS_OWNER_PASSWORD
\getenv mcp_password FLOWPOS_MCP_PASSWORD

-- What the service may do; the migrations grant it.
create role flowpos_service nologin nobypassrls;
-- Owns the schema, for migrations only.
create role flowpos_owner login nobypassrls password :'owner_password';
-- What the service and the other commands connect as: a member, and nothing more.
create role flowpos_mcp login nobypassrls password :'mcp_password' in role flowpos_service;

-- Who is no superuser must be a member of the owner of what they make.
grant flowpos_owner to current_user;
create database flowpos owner flowpos_owner;
revoke all on database flowpos from public;
-- An import is staged in temporary tables.
grant connect, temporary on database flowpos to flowpos_mcp;
revoke flowpos_owner from current_user;
