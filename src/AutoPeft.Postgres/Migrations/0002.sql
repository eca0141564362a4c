-- A study has one writer at a time, and its log refuses what a superseded attempt says. So there are no leases any more: appending is compare-and-set on the log's length, and nothing else.

drop function autopeft.append(text, bigint, uuid, json[], integer[], integer[], text[], integer[], interval);
drop function autopeft.append_held(text, integer, integer, boolean, bigint, uuid, json[], boolean);
drop function autopeft.hold(bigint, integer[], integer[], text[], integer[], interval);
drop table autopeft.leases;

-- Appends if the log has exactly p_expected records. The new length, or -1 where somebody else appended first.
create function autopeft.append(p_name text, p_expected bigint, p_origin uuid, p_payloads json[]) returns bigint
language plpgsql as $$
declare
    v_study bigint;
begin
    if p_expected = 0 then
        insert into autopeft.studies (name, length) values (p_name, 0) on conflict (name) do nothing;
    end if;
    select id into v_study from autopeft.studies where name = p_name and length = p_expected for update;
    if not found then
        return -1;
    end if;
    return autopeft.write(v_study, p_expected, p_origin, p_payloads);
end $$;
