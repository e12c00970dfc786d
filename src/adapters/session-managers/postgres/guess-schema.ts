/** Milliseconds for which the use of a known address is not written down again. */
const KNOWN_ANEW = 3_600_000;

/**
 * The tables of failed attempts and of used one-time codes, and the functions that count: each call is one statement, in a
 * transaction of its own. Of those for one key there is one at a time; what each of its statements sees is taken when that
 * statement begins, and so has in it all that was committed under that lock.
 */
export function guessSchema(schema: string): string {
  const [failure, place] = [`"${schema}".guess_failure`, `"${schema}".guess_place`];
  const [known, step] = [`"${schema}".known_address`, `"${schema}".used_step`];
  return `
    CREATE TABLE ${failure} (
      key bytea NOT NULL,
      at_known boolean NOT NULL,
      failures integer NOT NULL,
      until bigint NOT NULL,
      PRIMARY KEY (key, at_known)
    ) WITH (fillfactor = 85);
    CREATE INDEX guess_failure_until ON ${failure} (until);

    CREATE TABLE ${place} (
      key bytea NOT NULL,
      at_known boolean NOT NULL,
      id text NOT NULL,
      ends bigint NOT NULL,
      PRIMARY KEY (key, at_known, id)
    ) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
    CREATE INDEX guess_place_ends ON ${place} (ends);

    CREATE TABLE ${known} (
      key bytea NOT NULL,
      address bytea NOT NULL,
      used bigint NOT NULL,
      PRIMARY KEY (key, address)
    );
    CREATE INDEX known_address_used ON ${known} (used);

    CREATE TABLE ${step} (
      key text NOT NULL,
      step bigint NOT NULL,
      expires bigint NOT NULL,
      PRIMARY KEY (key, step)
    );
    CREATE INDEX used_step_expires ON ${step} (expires);

    -- 0 asks for the time of this server.
    CREATE FUNCTION "${schema}".time_or(p_now bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $body$
      SELECT coalesce(nullif(p_now, 0), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    $body$;

    CREATE FUNCTION "${schema}".lock_guesses(p_key bytea) RETURNS void LANGUAGE sql VOLATILE AS $body$
      SELECT pg_advisory_xact_lock(hashtextextended(encode(p_key, 'hex'), 0))
    $body$;

    CREATE FUNCTION "${schema}".reserve_guess(
      p_key bytea, p_now bigint, p_address bytea, p_known_for bigint,
      p_id text, p_lease bigint, p_limit integer, p_limit_at_known integer
    ) RETURNS TABLE (outcome text, at_known boolean, "time" bigint) LANGUAGE plpgsql AS $body$
    DECLARE
      now bigint := "${schema}".time_or(p_now);
      there ${failure};
      taken bigint;
    BEGIN
      -- What a crash could undo is a place that would be free soon, anyway.
      PERFORM set_config('synchronous_commit', 'off', true);
      at_known := p_limit_at_known > 0 AND EXISTS (
        SELECT FROM ${known} AS it WHERE it.key = p_key AND it.address = p_address AND it.used > now - p_known_for
      );
      IF at_known THEN p_limit := p_limit_at_known; END IF;
      -- The first time without the lock: who guesses on and on while it is locked waits for nobody, and nobody for them.
      FOR attempt IN 1..2 LOOP
        SELECT * INTO there FROM ${failure} AS it WHERE it.key = p_key AND it.at_known = reserve_guess.at_known;
        IF there.until > now AND there.failures >= p_limit THEN
          outcome := 'locked';
          "time" := there.until - now;
          RETURN NEXT;
          RETURN;
        END IF;
        EXIT WHEN attempt = 2;
        PERFORM "${schema}".lock_guesses(p_key);
        now := "${schema}".time_or(p_now);
      END LOOP;
      SELECT count(*) INTO taken FROM ${place} AS it
        WHERE it.key = p_key AND it.at_known = reserve_guess.at_known AND it.ends > now;
      IF there.until > now THEN taken := taken + there.failures; END IF;
      IF taken >= p_limit THEN
        outcome := 'busy';
      ELSE
        outcome := 'reserved';
        "time" := now + p_lease;
        INSERT INTO ${place} VALUES (p_key, at_known, p_id, "time");
      END IF;
      RETURN NEXT;
    END $body$;

    CREATE FUNCTION "${schema}".settle_guess(
      p_key bytea, p_now bigint, p_address bytea, p_known_for bigint,
      p_id text, p_lease_ends bigint, p_at_known boolean, p_verdict text,
      p_window bigint, p_clears boolean, p_most_known integer
    ) RETURNS void LANGUAGE plpgsql AS $body$
    DECLARE
      now bigint;
    BEGIN
      PERFORM "${schema}".lock_guesses(p_key);
      now := "${schema}".time_or(p_now);
      IF p_verdict <> 'denied' THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
      DELETE FROM ${place} WHERE key = p_key AND at_known = p_at_known AND id = p_id;
      -- What is there no more, though its time has not come, was settled before.
      IF NOT FOUND AND now < p_lease_ends THEN RETURN; END IF;
      IF p_verdict = 'denied' THEN
        INSERT INTO ${failure} AS it VALUES (p_key, p_at_known, 1, now + p_window)
        ON CONFLICT (key, at_known) DO UPDATE SET
          failures = CASE WHEN it.until > now THEN it.failures + 1 ELSE 1 END,
          until = CASE WHEN it.until > now THEN it.until ELSE now + p_window END;
      ELSIF p_verdict = 'succeeded' THEN
        IF p_clears THEN DELETE FROM ${failure} WHERE key = p_key AND at_known = p_at_known; END IF;
        IF p_most_known > 0 THEN
          INSERT INTO ${known} AS it VALUES (p_key, p_address, now)
          ON CONFLICT (key, address) DO UPDATE SET used = now WHERE it.used < now - ${KNOWN_ANEW};
          DELETE FROM ${known} AS it WHERE it.key = p_key AND it.address IN (
            SELECT old.address FROM ${known} AS old WHERE old.key = p_key ORDER BY old.used DESC OFFSET p_most_known
          );
        END IF;
      END IF;
    END $body$;

    -- At most so many rows of each table. How many there were of the fullest is returned.
    CREATE FUNCTION "${schema}".clear_guesses(p_now bigint, p_known_for bigint, p_limit integer) RETURNS bigint
    LANGUAGE plpgsql AS $body$
    DECLARE
      now bigint := "${schema}".time_or(p_now);
      cleared bigint[];
    BEGIN
      WITH
        failures AS (${deletion(failure, 'key, at_known', 'until <= now')}),
        places AS (${deletion(place, 'key, at_known, id', 'ends <= now')}),
        addresses AS (${deletion(known, 'key, address', 'used <= now - p_known_for')}),
        steps AS (${deletion(step, 'key, step', 'expires <= now')})
      SELECT ARRAY[
        (SELECT count(*) FROM failures), (SELECT count(*) FROM places),
        (SELECT count(*) FROM addresses), (SELECT count(*) FROM steps)
      ] INTO cleared;
      RETURN (SELECT max(it) FROM unnest(cleared) AS it);
    END $body$;
  `;
}

function deletion(table: string, key: string, condition: string): string {
  return `DELETE FROM ${table} WHERE (${key}) IN (
    SELECT ${key} FROM ${table} WHERE ${condition} LIMIT p_limit FOR UPDATE SKIP LOCKED
  ) RETURNING 1`;
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
