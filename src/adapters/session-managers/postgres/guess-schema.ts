/** Milliseconds for which the use of a known address is not written down again. */
const KNOWN_ANEW = 3_600_000;

/**
 * The tables of failed attempts and of used one-time codes, and the functions that count: each call is one statement, in a
 * transaction of its own. `places` has, under the id of each place, the time at which it is free by itself.
 *
 * `forgotten_minute`, by which rows are cleared away, changes at most once a minute while a key is used: until then the index
 * has no part in it.
 */
export function guessSchema(schema: string): string {
  const [guess, known] = [`"${schema}".guess`, `"${schema}".known_address`];
  return `
    CREATE TABLE ${guess} (
      key bytea NOT NULL,
      at_known boolean NOT NULL,
      failures integer NOT NULL DEFAULT 0,
      until bigint NOT NULL DEFAULT 0,
      places jsonb NOT NULL DEFAULT '{}',
      forgotten_minute integer NOT NULL DEFAULT 0,
      PRIMARY KEY (key, at_known)
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
    CREATE INDEX guess_forgotten_minute ON ${guess} (forgotten_minute);

    CREATE TABLE ${known} (
      key bytea NOT NULL,
      address bytea NOT NULL,
      used bigint NOT NULL,
      PRIMARY KEY (key, address)
    );
    CREATE INDEX known_address_used ON ${known} (used);

    CREATE TABLE "${schema}".used_step (
      key text NOT NULL,
      step bigint NOT NULL,
      expires bigint NOT NULL,
      PRIMARY KEY (key, step)
    );
    CREATE INDEX used_step_expires ON "${schema}".used_step (expires);

    -- 0 asks for the time of this server.
    CREATE FUNCTION "${schema}".time_or(p_now bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $body$
      SELECT coalesce(nullif(p_now, 0), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    $body$;

    CREATE FUNCTION "${schema}".locked_guess(p_key bytea, p_at_known boolean) RETURNS ${guess}
    LANGUAGE plpgsql AS $body$
    DECLARE
      found_guess ${guess};
    BEGIN
      LOOP
        SELECT * INTO found_guess FROM ${guess} WHERE key = p_key AND at_known = p_at_known FOR UPDATE;
        IF FOUND THEN RETURN found_guess; END IF;
        INSERT INTO ${guess} (key, at_known) VALUES (p_key, p_at_known) ON CONFLICT DO NOTHING;
      END LOOP;
    END $body$;

    CREATE FUNCTION "${schema}".keep_guess(p_guess ${guess}) RETURNS void LANGUAGE plpgsql AS $body$
    BEGIN
      IF p_guess.failures = 0 AND p_guess.places = '{}' THEN
        DELETE FROM ${guess} WHERE key = p_guess.key AND at_known = p_guess.at_known;
        RETURN;
      END IF;
      UPDATE ${guess} SET
        failures = p_guess.failures,
        until = p_guess.until,
        places = p_guess.places,
        forgotten_minute = 1 + greatest(p_guess.until, (SELECT max(value::bigint) FROM jsonb_each(p_guess.places))) / 60000
      WHERE key = p_guess.key AND at_known = p_guess.at_known;
    END $body$;

    CREATE FUNCTION "${schema}".reserve_guess(
      p_key bytea, p_now bigint, p_address bytea, p_known_for bigint,
      p_id text, p_lease bigint, p_limit integer, p_limit_at_known integer
    ) RETURNS TABLE (outcome text, at_known boolean, "time" bigint) LANGUAGE plpgsql AS $body$
    DECLARE
      now bigint := "${schema}".time_or(p_now);
      there ${guess};
    BEGIN
      -- What a crash could undo is a place that would be free soon, anyway.
      PERFORM set_config('synchronous_commit', 'off', true);
      at_known := p_limit_at_known > 0 AND EXISTS (
        SELECT FROM ${known} AS it WHERE it.key = p_key AND it.address = p_address AND it.used > now - p_known_for
      );
      IF at_known THEN p_limit := p_limit_at_known; END IF;
      -- Who guesses on and on while it is locked writes nothing and waits for nobody.
      SELECT * INTO there FROM ${guess} AS it WHERE it.key = p_key AND it.at_known = reserve_guess.at_known;
      IF there.failures >= p_limit AND there.until > now THEN
        RETURN QUERY SELECT 'locked', reserve_guess.at_known, there.until - now;
        RETURN;
      END IF;
      there := "${schema}".locked_guess(p_key, at_known);
      now := "${schema}".time_or(p_now);
      IF there.until <= now THEN there.failures := 0; END IF;
      IF there.failures >= p_limit THEN
        RETURN QUERY SELECT 'locked', reserve_guess.at_known, there.until - now;
        RETURN;
      END IF;
      there.places := (
        SELECT coalesce(jsonb_object_agg(place.key, place.value), '{}')
        FROM jsonb_each(there.places) AS place WHERE place.value::bigint > now
      );
      IF there.failures + (SELECT count(*) FROM jsonb_object_keys(there.places)) >= p_limit THEN
        RETURN QUERY SELECT 'busy', reserve_guess.at_known, NULL::bigint;
        RETURN;
      END IF;
      there.places := there.places || jsonb_build_object(p_id, now + p_lease);
      PERFORM "${schema}".keep_guess(there);
      RETURN QUERY SELECT 'reserved', reserve_guess.at_known, now + p_lease;
    END $body$;

    CREATE FUNCTION "${schema}".settle_guess(
      p_key bytea, p_now bigint, p_address bytea, p_known_for bigint,
      p_id text, p_lease_ends bigint, p_at_known boolean, p_verdict text,
      p_window bigint, p_clears boolean, p_most_known integer
    ) RETURNS void LANGUAGE plpgsql AS $body$
    DECLARE
      there ${guess} := "${schema}".locked_guess(p_key, p_at_known);
      now bigint := "${schema}".time_or(p_now);
    BEGIN
      IF p_verdict <> 'denied' THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
      -- What is there no more, though its time has not come, was settled before.
      IF NOT there.places ? p_id AND now < p_lease_ends THEN p_verdict := 'settled'; END IF;
      there.places := there.places - p_id;
      IF there.until <= now THEN there.failures := 0; END IF;
      IF p_verdict = 'denied' THEN
        IF there.failures = 0 THEN there.until := now + p_window; END IF;
        there.failures := there.failures + 1;
      ELSIF p_verdict = 'succeeded' THEN
        IF p_clears THEN there.failures := 0; END IF;
        IF p_most_known > 0 THEN
          INSERT INTO ${known} AS it (key, address, used) VALUES (p_key, p_address, now)
          ON CONFLICT (key, address) DO UPDATE SET used = now WHERE it.used < now - ${KNOWN_ANEW};
          DELETE FROM ${known} AS it WHERE it.key = p_key AND it.address IN (
            SELECT old.address FROM ${known} AS old WHERE old.key = p_key ORDER BY old.used DESC OFFSET p_most_known
          );
        END IF;
      END IF;
      PERFORM "${schema}".keep_guess(there);
    END $body$;

    CREATE FUNCTION "${schema}".clear_guesses(p_now bigint, p_known_for bigint, p_limit integer) RETURNS integer
    LANGUAGE plpgsql AS $body$
    DECLARE
      now bigint := "${schema}".time_or(p_now);
      most integer := 0;
      cleared integer;
    BEGIN
      DELETE FROM ${guess} AS it USING (
        SELECT key, at_known FROM ${guess} WHERE forgotten_minute <= now / 60000 LIMIT p_limit FOR UPDATE SKIP LOCKED
      ) AS due WHERE it.key = due.key AND it.at_known = due.at_known;
      GET DIAGNOSTICS most = ROW_COUNT;
      DELETE FROM ${known} AS it USING (
        SELECT key, address FROM ${known} WHERE used <= now - p_known_for LIMIT p_limit FOR UPDATE SKIP LOCKED
      ) AS due WHERE it.key = due.key AND it.address = due.address;
      GET DIAGNOSTICS cleared = ROW_COUNT;
      most := greatest(most, cleared);
      DELETE FROM "${schema}".used_step AS it USING (
        SELECT key, step FROM "${schema}".used_step WHERE expires <= now LIMIT p_limit FOR UPDATE SKIP LOCKED
      ) AS due WHERE it.key = due.key AND it.step = due.step;
      GET DIAGNOSTICS cleared = ROW_COUNT;
      RETURN greatest(most, cleared);
    END $body$;
  `;
}

/** What each connection prepares once. */
export function guessStatements(schema: string) {
  const calling = (name: string, parameters: string) => `"${schema}".${name}(${parameters})`;
  const head = '$1::bytea, $2::bigint, $3::bytea, $4::bigint';
  const reserve = calling('reserve_guess', `${head}, $5::text, $6::bigint, $7::integer, $8::integer`);
  const settling = '$5::text, $6::bigint, $7::boolean, $8::text, $9::bigint, $10::boolean, $11::integer';
  const clear = calling('clear_guesses', '$1::bigint, $2::bigint, $3::integer');
  return {
    reserve: { name: 'session-init-reserve-guess', text: `SELECT * FROM ${reserve}` },
    settle: { name: 'session-init-settle-guess', text: `SELECT ${calling('settle_guess', `${head}, ${settling}`)}` },
    clear: { name: 'session-init-clear-guesses', text: `SELECT ${clear} AS cleared` },
    claim: {
      name: 'session-init-claim-step',
      text: `INSERT INTO "${schema}".used_step (key, step, expires)
        VALUES ($1::text, $2::bigint, ${calling('time_or', '0')} + $3::bigint) ON CONFLICT DO NOTHING`,
    },
  };
}
