CREATE SCHEMA autopeft;
CREATE FUNCTION autopeft.append(p_name text, p_expected bigint, p_origin uuid, p_payloads json[], p_started integer[], p_attempts integer[], p_workers text[], p_ended integer[], p_lease interval) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION autopeft.append_held(p_name text, p_trial integer, p_attempt integer, p_expired boolean, p_since bigint, p_origin uuid, p_payloads json[], p_ends boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION autopeft.hold(p_study bigint, p_started integer[], p_attempts integer[], p_workers text[], p_ended integer[], p_lease interval) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION autopeft.write(p_study bigint, p_length bigint, p_origin uuid, p_payloads json[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare
    v_after bigint := p_length + cardinality(p_payloads);
begin
    insert into autopeft.events (study, seq, origin, payload)
        select p_study, p_length + i - 1, p_origin, p from unnest(p_payloads) with ordinality as u (p, i);
    update autopeft.studies set length = v_after where id = p_study;
    perform pg_notify('autopeft', p_study || ' ' || v_after);
    return v_after;
end $$;
CREATE TABLE autopeft.events (
    study bigint NOT NULL,
    seq bigint NOT NULL,
    origin uuid NOT NULL,
    payload json NOT NULL
);
CREATE TABLE autopeft.leases (
    study bigint NOT NULL,
    trial integer NOT NULL,
    attempt integer NOT NULL,
    worker text NOT NULL,
    until timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE autopeft.studies (
    id bigint NOT NULL,
    name text NOT NULL,
    length bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE autopeft.studies ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME autopeft.studies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE autopeft.version (
    number integer NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);
INSERT INTO autopeft.events VALUES (1, 0, '01a226e6-c010-74f7-bd0c-b68eeee6b59d', '{"event":"created","time":"2026-11-29T10:43:06.3830495Z","name":"older sweep/\u00E4","space":[{"name":"lr","type":"float","low":1E-05,"high":0.01,"log":true},{"name":"method","type":"categorical","choices":["lora","ia3","dora"]},{"name":"rank","type":"int","low":1,"high":64,"log":true,"when":{"method":["lora","dora"]}},{"name":"bias","type":"bool"}],"objectives":[{"name":"accuracy","direction":"maximize"},{"name":"parameters","direction":"minimize","log":true}],"sampler":"tpe","seed":11,"budget":16,"scheduler":"asha:min=1,eta=2,max=4,metric=accuracy"}');
INSERT INTO autopeft.events VALUES (1, 1, '01a226e6-c0ca-7a52-80f8-a7c34359d7f6', '{"event":"proposed","time":"2026-11-29T10:43:06.5702514Z","trial":0,"params":{"lr":0.003874950373397822,"method":"dora","rank":7,"bias":true},"source":"tpe: Sobol (start-up)","seen":1,"batch":0,"batch_size":2}');
INSERT INTO autopeft.events VALUES (1, 2, '01a226e6-c0ca-7a52-80f8-a7c34359d7f6', '{"event":"proposed","time":"2026-11-29T10:43:06.5702514Z","trial":1,"params":{"lr":3.2462716800342994E-05,"method":"ia3","bias":false},"source":"tpe: Sobol (start-up)","seen":1,"batch":0,"batch_size":2}');
INSERT INTO autopeft.events VALUES (1, 3, '01a226e6-c0cd-7837-90af-68810a3e82f1', '{"event":"started","time":"2026-11-29T10:43:06.5732198Z","trial":0,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 4, '01a226e6-c0d3-77a6-9f84-3f26906b7b58', '{"event":"reported","time":"2026-11-29T10:43:06.5783466Z","trial":0,"step":1,"metrics":{"accuracy":0.20058669275720606,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 5, '01a226e6-c0d6-79dc-89da-414e4d54fdbc', '{"event":"reported","time":"2026-11-29T10:43:06.5820479Z","trial":0,"step":2,"metrics":{"accuracy":0.4011733855144121,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 6, '01a226e6-c0e2-739d-9a11-df7a7b1380c1', '{"event":"reported","time":"2026-11-29T10:43:06.5944918Z","trial":0,"step":3,"metrics":{"accuracy":0.6017600782716181,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 7, '01a226e6-c0e5-7522-bc4d-f3684702fec9', '{"event":"reported","time":"2026-11-29T10:43:06.5971889Z","trial":0,"step":4,"metrics":{"accuracy":0.8023467710288242,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 8, '01a226e6-c0e6-7347-b4aa-060bec5b471f', '{"event":"completed","time":"2026-11-29T10:43:06.5980046Z","trial":0,"values":[0.8023467710288242,1000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 9, '01a226e6-c0e9-7f0f-a5c7-aa3598071363', '{"event":"proposed","time":"2026-11-29T10:43:06.6012297Z","trial":2,"params":{"lr":5.8392503077998184E-05,"method":"dora","rank":20,"bias":true},"source":"tpe: Sobol (start-up)","seen":9,"batch":2,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 10, '01a226e6-c0f1-7b26-bab9-8a7a79ff216d', '{"event":"started","time":"2026-11-29T10:43:06.6097111Z","trial":1,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 11, '01a226e6-c0f3-7904-9b56-3686af7b9324', '{"event":"reported","time":"2026-11-29T10:43:06.6117465Z","trial":1,"step":1,"metrics":{"accuracy":0.1530692431528587,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 12, '01a226e6-c0f5-7423-8956-6a4d5ab46288', '{"event":"reported","time":"2026-11-29T10:43:06.6132378Z","trial":1,"step":2,"metrics":{"accuracy":0.3061384863057174,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 13, '01a226e6-c109-763e-8d9e-7a5a5a405b17', '{"event":"reported","time":"2026-11-29T10:43:06.6333631Z","trial":1,"step":3,"metrics":{"accuracy":0.4592077294585761,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 14, '01a226e6-c10c-756f-b046-bf48c3f3f7e1', '{"event":"reported","time":"2026-11-29T10:43:06.6360868Z","trial":1,"step":4,"metrics":{"accuracy":0.6122769726114348,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 15, '01a226e6-c115-7899-bcec-82d2d66bd59f', '{"event":"completed","time":"2026-11-29T10:43:06.6452718Z","trial":1,"values":[0.6122769726114348,2000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 16, '01a226e6-c117-7390-887c-2e922e848540', '{"event":"proposed","time":"2026-11-29T10:43:06.647337Z","trial":3,"params":{"lr":0.0005986969301229462,"method":"lora","rank":4,"bias":false},"source":"tpe: Sobol (start-up)","seen":16,"batch":3,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 17, '01a226e6-c118-70f3-82d5-13efd05e6993', '{"event":"started","time":"2026-11-29T10:43:06.6482756Z","trial":2,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 18, '01a226e6-c11d-7c6c-8357-32a8a11e4136', '{"event":"reported","time":"2026-11-29T10:43:06.6531788Z","trial":2,"step":1,"metrics":{"accuracy":0.1683178546151612,"loss":"NaN"}}');
INSERT INTO autopeft.events VALUES (1, 19, '01a226e6-c121-7fee-883a-e184d25fc0bf', '{"event":"reported","time":"2026-11-29T10:43:06.6572106Z","trial":2,"step":2,"metrics":{"accuracy":0.3366357092303224,"loss":"NaN"}}');
INSERT INTO autopeft.events VALUES (1, 20, '01a226e6-c127-7566-99e3-619ab34f15b4', '{"event":"reported","time":"2026-11-29T10:43:06.6636991Z","trial":2,"step":3,"metrics":{"accuracy":0.5049535638454836,"loss":"NaN"}}');
INSERT INTO autopeft.events VALUES (1, 21, '01a226e6-c12d-7515-b5af-b43590475134', '{"event":"reported","time":"2026-11-29T10:43:06.6691834Z","trial":2,"step":4,"metrics":{"accuracy":0.6732714184606448,"loss":"NaN"}}');
INSERT INTO autopeft.events VALUES (1, 22, '01a226e6-c139-7efa-988a-8172bcb181e9', '{"event":"completed","time":"2026-11-29T10:43:06.6812067Z","trial":2,"values":[0.6732714184606448,3000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 23, '01a226e6-c141-7363-a096-233a9f8fc2bc', '{"event":"proposed","time":"2026-11-29T10:43:06.6897045Z","trial":4,"params":{"lr":0.0017688472324147476,"method":"ia3","bias":false},"source":"tpe: Sobol (start-up)","seen":23,"batch":4,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 24, '01a226e6-c149-7200-8aad-35ff24b816e6', '{"event":"started","time":"2026-11-29T10:43:06.6972057Z","trial":3,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 25, '01a226e6-c151-72a8-bfb1-fd8e9e90a06a', '{"event":"requeued","time":"2026-11-29T10:43:06.705244Z","trial":3,"reason":"out of memory beside other trials, now alone: x","alone":true}');
INSERT INTO autopeft.events VALUES (1, 26, '01a226e6-c15d-7579-9914-cafebc00c6ed', '{"event":"started","time":"2026-11-29T10:43:06.7172176Z","trial":3,"worker":"host/cpu:0","device":"cuda:1","attempt":2}');
INSERT INTO autopeft.events VALUES (1, 27, '01a226e6-c169-7d55-aaa0-43bde7642993', '{"event":"reported","time":"2026-11-29T10:43:06.7292776Z","trial":3,"step":1,"metrics":{"accuracy":0.2138603515631985,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 28, '01a226e6-c171-7a22-bc3c-e13a46613f47', '{"event":"reported","time":"2026-11-29T10:43:06.7369275Z","trial":3,"step":2,"metrics":{"accuracy":0.427720703126397,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 29, '01a226e6-c179-7d77-9a62-6d271c42db4f', '{"event":"reported","time":"2026-11-29T10:43:06.7452624Z","trial":3,"step":3,"metrics":{"accuracy":0.6415810546895955,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 30, '01a226e6-c17d-7670-b2bf-01ef38ab0755', '{"event":"reported","time":"2026-11-29T10:43:06.7492534Z","trial":3,"step":4,"metrics":{"accuracy":0.855441406252794,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 31, '01a226e6-c181-717d-9616-f07ab3b40a2c', '{"event":"completed","time":"2026-11-29T10:43:06.7532063Z","trial":3,"values":[0.855441406252794,4000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 32, '01a226e6-c18d-743c-8f7d-15cf126dc1f1', '{"event":"proposed","time":"2026-11-29T10:43:06.7653895Z","trial":5,"params":{"lr":0.00018889786967379114,"method":"lora","rank":12,"bias":true},"source":"tpe: Sobol (start-up)","seen":32,"batch":5,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 33, '01a226e6-c199-78db-984f-cac9f83eaade', '{"event":"started","time":"2026-11-29T10:43:06.7772078Z","trial":4,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 34, '01a226e6-c1a1-7dda-b2b0-f4eeb5a305f6', '{"event":"failed","time":"2026-11-29T10:43:06.7851987Z","trial":4,"error":"boom: \u0027n\u00E4me\u0027 \u0022q\u0022"}');
INSERT INTO autopeft.events VALUES (1, 35, '01a226e6-c1a9-706d-acbd-64fe03c6025e', '{"event":"proposed","time":"2026-11-29T10:43:06.7933518Z","trial":6,"params":{"lr":0.002,"method":"dora","rank":8,"bias":true},"source":"enqueued","seen":35,"batch":6,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 36, '01a226e6-c1b1-708a-95ba-215bb268ef80', '{"event":"started","time":"2026-11-29T10:43:06.801851Z","trial":5,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 37, '01a226e6-c1b8-710c-842f-bd361acf3e01', '{"event":"reported","time":"2026-11-29T10:43:06.8080023Z","trial":5,"step":1,"metrics":{"accuracy":0.18881135300616736,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 38, '01a226e6-c1ba-7cdc-bb48-bb69ff66fc3c', '{"event":"reported","time":"2026-11-29T10:43:06.8105168Z","trial":5,"step":2,"metrics":{"accuracy":0.3776227060123347,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 39, '01a226e6-c1bf-7690-b713-3b7815150d6a', '{"event":"reported","time":"2026-11-29T10:43:06.8151613Z","trial":5,"step":3,"metrics":{"accuracy":0.5664340590185021,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 40, '01a226e6-c1c5-7637-b591-d03f8c25e636', '{"event":"reported","time":"2026-11-29T10:43:06.8211561Z","trial":5,"step":4,"metrics":{"accuracy":0.7552454120246694,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 41, '01a226e6-c1ca-7cf7-8e2b-0289fd92f9ca', '{"event":"completed","time":"2026-11-29T10:43:06.8266176Z","trial":5,"values":[0.7552454120246694,6000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 42, '01a226e6-c1ce-789f-8ae6-cbab40c75010', '{"event":"proposed","time":"2026-11-29T10:43:06.8301378Z","trial":7,"params":{"lr":0.007025997726817836,"method":"ia3","bias":true},"source":"tpe: Sobol (start-up)","seen":42,"batch":7,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 43, '01a226e6-c1d5-7e42-bed7-97e889bdea38', '{"event":"started","time":"2026-11-29T10:43:06.8370164Z","trial":6,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 44, '01a226e6-c1dd-718c-b37f-82da3135d046', '{"event":"reported","time":"2026-11-29T10:43:06.8451599Z","trial":6,"step":1,"metrics":{"accuracy":0.21494850021680095,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 45, '01a226e6-c1e2-7521-879a-b12d5cd2b7b5', '{"event":"reported","time":"2026-11-29T10:43:06.8503645Z","trial":6,"step":2,"metrics":{"accuracy":0.4298970004336019,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 46, '01a226e6-c1e9-736a-ba40-4c83f9bbbdbc', '{"event":"reported","time":"2026-11-29T10:43:06.8571836Z","trial":6,"step":3,"metrics":{"accuracy":0.6448455006504028,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 47, '01a226e6-c1eb-77c4-b394-54c502e55bb9', '{"event":"reported","time":"2026-11-29T10:43:06.8591977Z","trial":6,"step":4,"metrics":{"accuracy":0.8597940008672038,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 48, '01a226e6-c1ed-7e1b-a98c-19cecfc2315b', '{"event":"paused","time":"2026-11-29T10:43:06.8611789Z","trial":6,"step":4}');
INSERT INTO autopeft.events VALUES (1, 49, '01a226e6-c20b-7b12-bac7-96f11229aa00', '{"event":"promoted","time":"2026-11-29T10:43:06.8910116Z","trial":6}');
INSERT INTO autopeft.events VALUES (1, 50, '01a226e6-c216-7d27-a213-366516f81757', '{"event":"started","time":"2026-11-29T10:43:06.9026955Z","trial":6,"worker":"host/cpu:0","device":"cpu:0","attempt":2}');
INSERT INTO autopeft.events VALUES (1, 51, '01a226e6-c21d-7fa6-8709-cef3bf19cf34', '{"event":"reported","time":"2026-11-29T10:43:06.9091682Z","trial":6,"step":5,"metrics":{"accuracy":0.8597940008672038}}');
INSERT INTO autopeft.events VALUES (1, 52, '01a226e6-c225-7bcf-9cf4-f941b479f08e', '{"event":"completed","time":"2026-11-29T10:43:06.9172032Z","trial":6,"values":[0.8597940008672038,7000]}');
INSERT INTO autopeft.events VALUES (1, 53, '01a226e6-c22d-779e-8afd-7d00edc697f7', '{"event":"proposed","time":"2026-11-29T10:43:06.9252782Z","trial":8,"params":{"lr":0.00443806226025512,"method":"ia3","bias":true},"source":"tpe: Sobol (start-up)","seen":53,"batch":8,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 54, '01a226e6-c235-7289-b366-84774e75142d', '{"event":"started","time":"2026-11-29T10:43:06.9331715Z","trial":7,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 55, '01a226e6-c23a-7036-ac75-f1ba62a6d462', '{"event":"reported","time":"2026-11-29T10:43:06.938711Z","trial":7,"step":1,"metrics":{"accuracy":0.18516459975275212,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 56, '01a226e6-c241-7cf0-83b0-c15555ebbbdb', '{"event":"reported","time":"2026-11-29T10:43:06.9452054Z","trial":7,"step":2,"metrics":{"accuracy":0.37032919950550425,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 57, '01a226e6-c243-75e1-9788-c9207d75effe', '{"event":"reported","time":"2026-11-29T10:43:06.9472005Z","trial":7,"step":3,"metrics":{"accuracy":0.5554937992582564,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 58, '01a226e6-c249-79ea-902e-a27d0b57377a', '{"event":"reported","time":"2026-11-29T10:43:06.9531529Z","trial":7,"step":4,"metrics":{"accuracy":0.7406583990110085,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 59, '01a226e6-c254-7fd4-9aee-ecdf42e0dc33', '{"event":"pruned","time":"2026-11-29T10:43:06.9646335Z","trial":7,"step":4}');
INSERT INTO autopeft.events VALUES (1, 60, '01a226e6-c25d-756f-8ade-e07d7a2a8418', '{"event":"proposed","time":"2026-11-29T10:43:06.9732725Z","trial":9,"params":{"lr":1.4257963739446907E-05,"method":"lora","rank":64,"bias":false},"source":"tpe: Sobol (start-up)","seen":60,"batch":9,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 61, '01a226e6-c265-731e-a41c-90936cf7fa36', '{"event":"started","time":"2026-11-29T10:43:06.9812209Z","trial":8,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 62, '01a226e6-c26b-749b-a091-c429f3e48272', '{"event":"reported","time":"2026-11-29T10:43:06.9873964Z","trial":8,"step":1,"metrics":{"accuracy":0.19514033047365958,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 63, '01a226e6-c275-713c-b416-acef73dfda8d', '{"event":"reported","time":"2026-11-29T10:43:06.997252Z","trial":8,"step":2,"metrics":{"accuracy":0.39028066094731917,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 64, '01a226e6-c281-74db-a070-5408434a1e09', '{"event":"reported","time":"2026-11-29T10:43:07.0092912Z","trial":8,"step":3,"metrics":{"accuracy":0.5854209914209787,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 65, '01a226e6-c28d-72ec-876b-260ccd4cd1ff', '{"event":"reported","time":"2026-11-29T10:43:07.0212896Z","trial":8,"step":4,"metrics":{"accuracy":0.7805613218946383,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 66, '01a226e6-c291-71c8-8908-5369fb515d69', '{"event":"completed","time":"2026-11-29T10:43:07.0252398Z","trial":8,"values":[0.7805613218946383,9000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 67, '01a226e6-c296-7561-8b28-d57f2aae7044', '{"event":"proposed","time":"2026-11-29T10:43:07.0304374Z","trial":10,"params":{"lr":0.006816808006697843,"method":"dora","rank":1,"bias":true},"source":"tpe","seen":67,"batch":10,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 68, '01a226e6-c299-7ca2-b840-f0e6bd0f69d2', '{"event":"started","time":"2026-11-29T10:43:07.0331945Z","trial":9,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 69, '01a226e6-c2a5-7b19-9d2a-c59aec774091', '{"event":"reported","time":"2026-11-29T10:43:07.0452494Z","trial":9,"step":1,"metrics":{"accuracy":0.1327028752944898,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 70, '01a226e6-c2ad-7cb9-9d7f-d2b0d4287b8b', '{"event":"reported","time":"2026-11-29T10:43:07.0532464Z","trial":9,"step":2,"metrics":{"accuracy":0.2654057505889796,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 71, '01a226e6-c2b1-7364-9bee-59b53cc21a47', '{"event":"reported","time":"2026-11-29T10:43:07.057853Z","trial":9,"step":3,"metrics":{"accuracy":0.3981086258834694,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 72, '01a226e6-c2b8-7bb6-8fae-2e122ca65cf1', '{"event":"reported","time":"2026-11-29T10:43:07.0642132Z","trial":9,"step":4,"metrics":{"accuracy":0.5308115011779592,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 73, '01a226e6-c2c5-7235-bb7c-eccea8813e5d', '{"event":"paused","time":"2026-11-29T10:43:07.0772239Z","trial":9,"step":4}');
INSERT INTO autopeft.events VALUES (1, 74, '01a226e6-c2ce-707a-9b37-a60104a6dfdb', '{"event":"proposed","time":"2026-11-29T10:43:07.0864811Z","trial":11,"params":{"lr":0.007742199709763806,"method":"lora","rank":5,"bias":false},"source":"tpe","seen":74,"batch":11,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 75, '01a226e6-c2d1-7563-9ac2-b563d5a44314', '{"event":"started","time":"2026-11-29T10:43:07.0891838Z","trial":10,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 76, '01a226e6-c2d2-7b2a-be58-e2e71d07efe2', '{"event":"reported","time":"2026-11-29T10:43:07.0907072Z","trial":10,"step":1,"metrics":{"accuracy":0.18832094687999423,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 77, '01a226e6-c2dd-7e90-9a5b-d8c59d12dab0', '{"event":"reported","time":"2026-11-29T10:43:07.1011859Z","trial":10,"step":2,"metrics":{"accuracy":0.37664189375998847,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 78, '01a226e6-c2e0-737f-9f54-1269ccbe4dc8', '{"event":"reported","time":"2026-11-29T10:43:07.1042053Z","trial":10,"step":3,"metrics":{"accuracy":0.5649628406399827,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 79, '01a226e6-c2e9-7562-b0bd-721cac9e19da', '{"event":"reported","time":"2026-11-29T10:43:07.1131959Z","trial":10,"step":4,"metrics":{"accuracy":0.7532837875199769,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 80, '01a226e6-c2f9-7771-a796-add93fe871b1', '{"event":"completed","time":"2026-11-29T10:43:07.1292658Z","trial":10,"values":[0.7532837875199769,11000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 81, '01a226e6-c300-7c25-8d26-99899e344095', '{"event":"proposed","time":"2026-11-29T10:43:07.1366341Z","trial":12,"params":{"lr":0.0028730713506910422,"method":"lora","rank":4,"bias":true},"source":"tpe","seen":81,"batch":12,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 82, '01a226e6-c305-74fd-bc01-ef15a66f8e07', '{"event":"started","time":"2026-11-29T10:43:07.1414588Z","trial":11,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 83, '01a226e6-c30d-7c21-ad56-871798991345', '{"event":"reported","time":"2026-11-29T10:43:07.1492426Z","trial":11,"step":1,"metrics":{"accuracy":0.18055678151309965,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 84, '01a226e6-c312-7ddb-94a1-0428e65e0471', '{"event":"reported","time":"2026-11-29T10:43:07.1541894Z","trial":11,"step":2,"metrics":{"accuracy":0.3611135630261993,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 85, '01a226e6-c319-782f-938a-934e103b173d', '{"event":"reported","time":"2026-11-29T10:43:07.1612062Z","trial":11,"step":3,"metrics":{"accuracy":0.541670344539299,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 86, '01a226e6-c31d-7f7a-9975-a62d41481be9', '{"event":"reported","time":"2026-11-29T10:43:07.1650215Z","trial":11,"step":4,"metrics":{"accuracy":0.7222271260523986,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 87, '01a226e6-c321-7ef0-9db7-0396cc52298c', '{"event":"completed","time":"2026-11-29T10:43:07.1692454Z","trial":11,"values":[0.7222271260523986,12000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 88, '01a226e6-c326-75ac-a34b-8ccc5cc7241d', '{"event":"proposed","time":"2026-11-29T10:43:07.1742272Z","trial":13,"params":{"lr":0.00030594745729350205,"method":"ia3","bias":true},"source":"tpe","seen":88,"batch":13,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 89, '01a226e6-c329-7ce8-8941-07792a6ddb88', '{"event":"started","time":"2026-11-29T10:43:07.1779403Z","trial":12,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 90, '01a226e6-c331-7436-a8dd-607508f1ccb0', '{"event":"reported","time":"2026-11-29T10:43:07.1852275Z","trial":12,"step":1,"metrics":{"accuracy":0.2020826794239212,"loss":1}}');
INSERT INTO autopeft.events VALUES (1, 91, '01a226e6-c337-7cda-ba24-db20c00999e0', '{"event":"reported","time":"2026-11-29T10:43:07.1916249Z","trial":12,"step":2,"metrics":{"accuracy":0.4041653588478424,"loss":0.5}}');
INSERT INTO autopeft.events VALUES (1, 92, '01a226e6-c345-7f02-b3a5-620ba6f13210', '{"event":"reported","time":"2026-11-29T10:43:07.2051998Z","trial":12,"step":3,"metrics":{"accuracy":0.6062480382717635,"loss":0.3333333333333333}}');
INSERT INTO autopeft.events VALUES (1, 93, '01a226e6-c348-7624-8d42-d1741d04a59a', '{"event":"reported","time":"2026-11-29T10:43:07.208896Z","trial":12,"step":4,"metrics":{"accuracy":0.8083307176956848,"loss":0.25}}');
INSERT INTO autopeft.events VALUES (1, 94, '01a226e6-c351-71b1-ad49-ecc5565c27f3', '{"event":"completed","time":"2026-11-29T10:43:07.217214Z","trial":12,"values":[0.8083307176956848,13000],"metrics":{"memory":1.5}}');
INSERT INTO autopeft.events VALUES (1, 95, '01a226e6-c354-7f67-9ca3-daff4532af1c', '{"event":"proposed","time":"2026-11-29T10:43:07.2205154Z","trial":14,"params":{"lr":0.0003000969835654166,"method":"dora","rank":13,"bias":false},"source":"tpe","seen":95,"batch":14,"batch_size":1}');
INSERT INTO autopeft.events VALUES (1, 96, '01a226e6-c359-7d37-ade5-a296791ccae3', '{"event":"started","time":"2026-11-29T10:43:07.2251989Z","trial":13,"worker":"host/cpu:0","device":"cpu:0","attempt":1}');
INSERT INTO autopeft.events VALUES (1, 97, '01a226e6-c361-7367-9da4-72502adf1409', '{"event":"reported","time":"2026-11-29T10:43:07.2331911Z","trial":13,"step":1,"metrics":{"accuracy":0.5}}');
INSERT INTO autopeft.events VALUES (1, 98, '01a226e6-c369-798b-acd0-fc56f42ff6a2', '{"event":"study_paused","time":"2026-11-29T10:43:07.2413357Z","reason":"lunch"}');
INSERT INTO autopeft.events VALUES (1, 99, '01a226e6-c36e-71dd-9741-3246008c81d2', '{"event":"study_resumed","time":"2026-11-29T10:43:07.246226Z"}');
INSERT INTO autopeft.leases VALUES (1, 13, 1, 'host/cpu:0', '2026-11-29 10:43:37.229636+00');
INSERT INTO autopeft.studies OVERRIDING SYSTEM VALUE VALUES (1, 'older sweep/ä', 100, '2026-11-29 10:43:06.562992+00');
INSERT INTO autopeft.version VALUES (1, '2026-11-29 10:43:06.287498+00');
SELECT pg_catalog.setval('autopeft.studies_id_seq', 1, true);
ALTER TABLE ONLY autopeft.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (study, seq);
ALTER TABLE ONLY autopeft.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (study, trial);
ALTER TABLE ONLY autopeft.studies
    ADD CONSTRAINT studies_name_key UNIQUE (name);
ALTER TABLE ONLY autopeft.studies
    ADD CONSTRAINT studies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY autopeft.version
    ADD CONSTRAINT version_pkey PRIMARY KEY (number);
ALTER TABLE ONLY autopeft.events
    ADD CONSTRAINT events_study_fkey FOREIGN KEY (study) REFERENCES autopeft.studies(id);
ALTER TABLE ONLY autopeft.leases
    ADD CONSTRAINT leases_study_fkey FOREIGN KEY (study) REFERENCES autopeft.studies(id);
