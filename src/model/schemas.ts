import { FAILURE_REASONS } from './failure-reason.js';
import { MAX_ONE_TIME_CODE_LENGTH, MAX_USER_SECRET_BYTES, MAX_USERNAME_LENGTH } from './session-init-message.js';

/**
 * The JSON Schemas (draft-07) of the messages: the seed's own types, titles, descriptions and defaults. The package
 * ships each as a file too: `session-init/schemas/SessionInitResponse.json` and so on.
 */

const DRAFT = 'http://json-schema.org/draft-07/schema#';

const SESSION_PROPERTIES = {
  session_id: { title: 'Session Id', description: 'The unique identifier for this session.', type: 'integer' },
  session_secret: {
    title: 'Session Secret',
    description: 'The unique random secret for this session.',
    minLength: 64,
    maxLength: 64,
    type: 'string',
  },
  created: {
    title: 'Created',
    description: 'The date and time this session was created.',
    type: 'string',
    format: 'date-time',
  },
  last_accessed: { title: 'Last Accessed', type: 'string', format: 'date-time' },
} as const;

const SESSION_DESCRIPTION =
  'A bare-bones representation of a session between some compatible server and client, over which various requests may\n' +
  'be made, and potentially other communication may take place.';

const SESSION = {
  title: 'Session',
  description: SESSION_DESCRIPTION,
  type: 'object',
  properties: SESSION_PROPERTIES,
  required: ['session_id'],
} as const;

const FULL_AUTH_SESSION = {
  title: 'FullAuthSession',
  description: SESSION_DESCRIPTION,
  type: 'object',
  properties: {
    ...SESSION_PROPERTIES,
    ip_address: { title: 'Ip Address', type: 'string' },
    user: { title: 'User', default: 'default', type: 'string' },
  },
  required: ['session_id', 'ip_address'],
} as const;

const FAILED_SESSION_INIT_INFO = {
  title: 'FailedSessionInitInfo',
  description:
    "A :class:`~.serializeable.Serializable` type for representing details on why a :class:`SessionInitMessage` didn't\n" +
    'successfully init a session.',
  type: 'object',
  properties: {
    user: { title: 'User', type: 'string' },
    reason: { description: 'An enumeration.', default: -1, type: 'string', enum: FAILURE_REASONS },
    fail_time: { title: 'Fail Time', type: 'string', format: 'date-time' },
    details: { title: 'Details', type: 'string' },
  },
  required: ['user'],
} as const;

/** The JSON Schema of a {@link Session}. */
export const sessionSchema = { $schema: DRAFT, $id: 'urn:session-init:Session', ...SESSION } as const;

/** The JSON Schema of a {@link FullAuthSession}. */
export const fullAuthSessionSchema = {
  $schema: DRAFT,
  $id: 'urn:session-init:FullAuthSession',
  ...FULL_AUTH_SESSION,
} as const;

/** The JSON Schema of a {@link FailedSessionInitInfo}. */
export const failedSessionInitInfoSchema = {
  $schema: DRAFT,
  $id: 'urn:session-init:FailedSessionInitInfo',
  ...FAILED_SESSION_INIT_INFO,
} as const;

/** The JSON Schema of a {@link SessionInitResponse}. */
export const sessionInitResponseSchema = {
  $schema: DRAFT,
  $id: 'urn:session-init:SessionInitResponse',
  title: 'SessionInitResponse',
  description: `The :class:\`~.message.Response\` subtype used to response to a :class:\`.SessionInitMessage\`, either
conveying the new session's details or information about why session init failed.

In particular, the :attr:\`data\` attribute will be of one two types.  For responses
indicating success, :attr:\`data\` will contain a :class:\`Session\` object (likely a :class:\`FullAuthSession\`) created
as a result of the request.  This will have its :attr:\`Session.session_secret\` attribute, which will be needed by
the requesting client to send further messages via the authenticated session.

Alternatively, for responses indicating failure, :attr:\`data\` will contain a :class:\`FailedSessionInitInfo\` with
details about the failure.

In the init constructor, if the \`\`data\`\` param is not some of either of the expected types, or a dict that can be
deserialized to one, then :attr:\`data\` will be set as an :class:\`FailedSessionInitInfo\`.  This is due to the
de facto failure the response instance represents to a request for a session, if there is no valid :class:\`Session\`
in the response.  This will also override the \`\`success\`\` parameter, and force :attr:\`success\` to be false.

Parameters
----------
success : bool
    Was the requested new session initialized successfully for the client
reason : str
    A summary of the results of the session request
message : str
    More details on the results of the session request, if any, typically only used when a request is unsuccessful
data : dict, \`Session\`, or \`FailedSessionInitInfo\`, optional
    For successful requests, the session object (possibly serialized as a \`\`dict\`\`); for failures, the failure info
    object (again, possibly serialized as a \`\`dict\`\`), or None

Attributes
----------
success : bool
    Was the requested new session initialized successfully for the client
reason : str
    A summary of the results of the session request
message : str
    More details on the results of the session request, if any, typically only used when a request is unsuccessful
data : \`.Session\` or \`.FailedSessionInitInfo\`
    For successful requests, the session object; for failures, the failure info object`,
  type: 'object',
  properties: {
    success: { title: 'Success', description: 'Whether this indicates a successful result.', type: 'boolean' },
    reason: { title: 'Reason', description: 'A very short, high-level summary of the result.', type: 'string' },
    message: {
      title: 'Message',
      description: 'An optional, more detailed explanation of the result, which by default is an empty string.',
      default: '',
      type: 'string',
    },
    data: {
      title: 'Data',
      anyOf: [
        { $ref: '#/definitions/FullAuthSession' },
        { $ref: '#/definitions/Session' },
        { $ref: '#/definitions/FailedSessionInitInfo' },
      ],
    },
  },
  required: ['success', 'reason', 'data'],
  definitions: {
    FullAuthSession: FULL_AUTH_SESSION,
    Session: SESSION,
    FailedSessionInitInfo: FAILED_SESSION_INIT_INFO,
  },
} as const;

/** The JSON Schema of a {@link SessionInitMessage}, as the server reads it. */
export const sessionInitMessageSchema = {
  $schema: DRAFT,
  $id: 'urn:session-init:SessionInitMessage',
  title: 'SessionInitMessage',
  description: 'A request for a session: who asks, and what proves it.',
  type: 'object',
  properties: {
    username: {
      title: 'Username',
      description: 'The name of the user for whom a session is asked.',
      minLength: 1,
      maxLength: MAX_USERNAME_LENGTH,
      type: 'string',
    },
    user_secret: {
      title: 'User Secret',
      description: `The secret with which the user authenticates: at most ${MAX_USER_SECRET_BYTES} bytes of UTF-8.`,
      minLength: 1,
      maxLength: MAX_USER_SECRET_BYTES,
      type: 'string',
    },
    one_time_code: {
      title: 'One Time Code',
      description: 'The code of a second factor, where one is asked for and it does not follow the secret.',
      anyOf: [{ type: 'string', minLength: 1, maxLength: MAX_ONE_TIME_CODE_LENGTH }, { type: 'null' }],
    },
  },
  required: ['username', 'user_secret'],
} as const;
