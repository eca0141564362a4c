-- A study is its log: autopeft.events. Everything else can be made again from it, but for names and the leases that are running.

create table autopeft.studies (
    id      bigint generated always as identity primary key,
    name    text not null unique,
    length  bigint not null,                -- records in its log; the row's lock orders the appends
    created timestamptz not null default now()
);

create table autopeft.events (
    study   bigint not null references autopeft.studies (id),
    seq     bigint not null,
    origin  uuid not null,                  -- which append this came with: how one whose answer was lost is found again
    payload json not null,                  -- json, not jsonb: numbers and texts stay as they were written, to the byte
    primary key (study, seq)
);

-- Who runs what, until when. Heartbeats move "until" here, so that the log does not grow by them.
create table autopeft.leases (
    study   bigint not null references autopeft.studies (id),
    trial   integer not null,
    attempt integer not null,
    worker  text not null,
    until   timestamptz not null,
    primary key (study, trial)
) with (fillfactor = 50);

-- Writes records at the end of a log whose row the caller has locked.
create function autopeft.write(p_study bigint, p_length bigint, p_origin uuid, p_payloads json[]) returns bigint
language plpgsql as $$
declare
    v_after bigint := p_length + cardinality(p_payloads);
begin
    insert into autopeft.events (study, seq, origin, payload)
        select p_study, p_length + i - 1, p_origin, p from unnest(p_payloads) with ordinality as u (p, i);
    update autopeft.studies set length = v_after where id = p_study;
    perform pg_notify('autopeft', p_study || ' ' || v_after);
    return v_after;
end $$;

-- Keeps the leases in step with what was appended: a trial that was started is held, one that ended or went back is not.
create function autopeft.hold(p_study bigint, p_started integer[], p_attempts integer[], p_workers text[], p_ended integer[], p_lease interval) returns void
language plpgsql as $$
begin
    if cardinality(p_ended) > 0 then
        delete from autopeft.leases where study = p_study and trial = any (p_ended);
    end if;
    if cardinality(p_started) > 0 then
        insert into autopeft.leases (study, trial, attempt, worker, until)
            select p_study, t, a, w, clock_timestamp() + p_lease from unnest(p_started, p_attempts, p_workers) as s (t, a, w)
            on conflict (study, trial) do update set attempt = excluded.attempt, worker = excluded.worker, until = excluded.until;
    end if;
end $$;

-- Appends if the log has exactly p_expected records. The new length, or -1 where somebody else appended first.
create function autopeft.append(p_name text, p_expected bigint, p_origin uuid, p_payloads json[],
    p_started integer[], p_attempts integer[], p_workers text[], p_ended integer[], p_lease interval) returns bigint
language plpgsql as $$
declare
    v_study bigint;
    v_after bigint;
begin
    if p_expected = 0 then
        insert into autopeft.studies (name, length) values (p_name, 0) on conflict (name) do nothing;
    end if;
    select id into v_study from autopeft.studies where name = p_name and length = p_expected for update;
    if not found then
        return -1;
    end if;
    v_after := autopeft.write(v_study, p_expected, p_origin, p_payloads);
    perform autopeft.hold(v_study, p_started, p_attempts, p_workers, p_ended, p_lease);
    return v_after;
end $$;

-- Appends what happened to a trial wherever the log ends, if this attempt of it is held still (or, with p_expired, was held until some moment in the past). Its worker alone may say
-- what happened, so nobody else's records can make it wrong. The new length, or -1 where the lease is gone. A client that lost the answer asks again with the same p_origin: if
-- its records are there, which can only be from p_since on, they are not written twice.
create function autopeft.append_held(p_name text, p_trial integer, p_attempt integer, p_expired boolean, p_since bigint, p_origin uuid, p_payloads json[], p_ends boolean) returns bigint
language plpgsql as $$
declare
    v_study bigint;
    v_length bigint;
    v_after bigint;
begin
    select id, length into v_study, v_length from autopeft.studies where name = p_name for update;
    if not found then
        return -1;
    end if;
    if exists (select from autopeft.events where study = v_study and seq >= p_since and origin = p_origin) then
        return v_length;
    end if;
    perform 1 from autopeft.leases where study = v_study and trial = p_trial and attempt = p_attempt and (not p_expired or until < clock_timestamp()) for update;
    if not found then
        return -1;
    end if;
    v_after := autopeft.write(v_study, v_length, p_origin, p_payloads);
    if p_ends then
        delete from autopeft.leases where study = v_study and trial = p_trial;
    end if;
    return v_after;
end $$;
