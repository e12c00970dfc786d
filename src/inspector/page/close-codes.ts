/** Why a WebSocket was closed, by the code of RFC 6455. Codes from 4000 on are the application's, and come with a text. */
const MEANINGS: Readonly<Record<string, string>> = {
  1000: 'done: nothing more is to be said',
  1001: 'one side went away: a page that was left, or a service that shuts down',
  1002: 'the client does not speak the protocol',
  1003: 'the client sent a kind of data that is not taken here',
  1005: 'closed by the client, who gave no reason',
  1006: 'the line broke: the client was gone without a word',
  1007: 'the client sent text that is no UTF-8',
  1008: 'the server did not put up with it',
  1009: 'the client sent a message that is too large',
  1011: 'the server failed',
  1012: 'the server starts anew',
  1013: 'the server has too much to do',
  4001: 'its session has ended',
};

/** `code 1006` is `code 1006: the line broke: …`. Text that has no such code, or one with a reason, stays as it is. */
export function closeCodeInWords(text: string): string {
  const [, code] = /^code (\d{4})$/.exec(text) ?? [];
  const meaning = code === undefined ? undefined : MEANINGS[code];
  return meaning === undefined ? text : `${text}: ${meaning}`;
}
