import fc from 'fast-check';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { FAILURE_REASONS } from '../../src/model/failure-reason.js';
import { normalizeIpAddress } from '../../src/model/ip-address.js';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession, Session } from '../../src/model/session.js';
import { SessionInitResponse } from '../../src/model/session-init-response.js';

/** Any string, lone surrogates and controls included. */
const anyText = fc.string({
  unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }), loneSurrogate()),
});

function loneSurrogate(): fc.Arbitrary<string> {
  return fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit));
}

/** A JSON value of any shape. */
export const anyJson = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const hex64 = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const secretText = fc.oneof(
  { weight: 4, arbitrary: hex64 },
  fc.string({ unit: 'binary', minLength: 62, maxLength: 66 }),
  fc.array(loneSurrogate(), { minLength: 62, maxLength: 66 }).map((units) => units.join('')),
);

/** A time that every profile can write. */
export const wireTime = fc.date({
  min: new Date('0001-01-01T00:00:00.000Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});

const twoDigits = (max: number) => fc.integer({ min: 0, max }).map((value) => `${value}`.padStart(2, '0'));

/** Texts that are times, or nearly so. */
export const timeText = fc
  .record({
    year: fc.oneof(fc.integer({ min: 1900, max: 2100 }), fc.constantFrom(0, 1, 2, 9998, 9999)),
    month: twoDigits(13),
    day: twoDigits(32),
    separator: fc.constantFrom('T', 'T', 'T', 't', ' ', ' ', '_'),
    hour: twoDigits(24),
    minute: fc.oneof(twoDigits(60), fc.constant('59')),
    second: fc.oneof(twoDigits(61), fc.constant(':60')),
    fraction: fc.oneof(
      fc.constant(''),
      fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 50 }).map((digits) => `.${digits}`),
    ),
    zone: fc.oneof(
      fc.constantFrom('Z', 'Z', 'z', '', '', '+00', '+0000', '-00:00', '+00:60', '-24:00', 'Z '),
      fc.tuple(fc.constantFrom('+', '-'), twoDigits(23), twoDigits(59)).map(([sign, h, m]) => `${sign}${h}:${m}`),
    ),
  })
  .map(
    ({ year, month, day, separator, hour, minute, second, fraction, zone }) =>
      `${`${year}`.padStart(4, '0')}-${month}-${day}${separator}${hour}:${minute}:${second}${fraction}${zone}`,
  );

/** Texts that are IP addresses, or nearly so. */
export const addressText = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4Extended(),
  fc.tuple(fc.ipV6(), anyText).map(([address, zone]) => `${address}%${zone}`),
  fc.string({ unit: fc.constantFrom(...'0123456789abcfABCF:.%/x'), maxLength: 45 }),
);

const reasonText = fc.oneof(
  fc.constantFrom(...FAILURE_REASONS),
  fc.mixedCase(fc.constantFrom(...FAILURE_REASONS)),
  fc.constantFrom(' UNKNOWN', 'UNKNOWN\n', 'SessionInitFailureReason.UNKNOWN', 'AUTHENTıCATION_DENIED', 'SEſſION', ''),
);

/** A property that is there in one of the right forms, or there with anything, or absent. */
function property(fitting: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: fitting }, { weight: 1, arbitrary: anyJson });
}

/** `data` as JSON: a session, a failure, a mixture of both, or something near them. */
export const nearData: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: anyJson },
  {
    weight: 12,
    arbitrary: fc.record(
      {
        session_id: property(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -0, -3, 1.5, 2 ** 53, 1e300, '1', true))),
        session_secret: property(secretText),
        created: property(timeOf()),
        last_accessed: property(timeOf()),
        ip_address: property(fc.oneof(fc.ipV4(), addressText)),
        user: property(anyText),
        reason: property(fc.oneof(reasonText, fc.constantFrom(-1, null, 2))),
        fail_time: property(timeOf()),
        details: property(fc.option(anyText)),
        code: property(anyText),
        reference_id: property(anyText),
        retry_after: property(fc.nat()),
        roles: anyJson,
      },
      { requiredKeys: [] },
    ),
  },
);

function timeOf(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 5, arbitrary: wireTime.map((time) => time.toISOString()) },
    { weight: 1, arbitrary: timeText },
  );
}

/** A response as JSON, or something near it. */
export const nearResponse: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: anyJson },
  {
    weight: 12,
    arbitrary: fc.record(
      { success: property(fc.boolean()), reason: property(anyText), message: property(anyText), data: nearData },
      { requiredKeys: [] },
    ),
  },
  { weight: 12, arbitrary: fc.record({ success: fc.boolean(), reason: anyText, message: anyText, data: nearData }) },
);

/** Any property may be absent; what is there is never undefined. */
const sessionProperties = {
  session_id: fc.maxSafeInteger(),
  session_secret: secretText.filter((text) => [...text].length === 64).map((text) => new Secret(text)),
  created: wireTime,
  last_accessed: wireTime,
};

const session = fc
  .record(sessionProperties, { requiredKeys: ['session_id'] })
  .map((properties) => new Session(properties));

const fullAuthSession = fc
  .record(
    {
      ...sessionProperties,
      ip_address: fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => normalizeIpAddress(text) ?? ''),
      user: anyText,
    },
    { requiredKeys: ['session_id', 'ip_address'] },
  )
  .map((properties) => new FullAuthSession(properties));

const failure = fc
  .record(
    {
      user: anyText,
      reason: fc.constantFrom(...FAILURE_REASONS),
      fail_time: wireTime,
      details: anyText,
      code: anyText,
      reference_id: anyText,
      retry_after: fc.nat(),
    },
    { requiredKeys: ['user'] },
  )
  .map((properties) => new FailedSessionInitInfo(properties));

/** Any response that a server can have made. */
export const response = fc
  .record(
    { success: fc.boolean(), reason: anyText, message: anyText, data: fc.oneof(session, fullAuthSession, failure) },
    { requiredKeys: ['success', 'reason', 'data'] },
  )
  .map((properties) => new SessionInitResponse(properties));
