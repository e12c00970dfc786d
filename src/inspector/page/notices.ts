import type { ConnectionStatus } from './connection.js';
import { html } from './dom.js';
import { keepToken, tokenIn } from './token.js';

/** How the page stands with the inspector, in a word, and what to do. */
export const STATUS_TEXTS: Readonly<Record<ConnectionStatus, readonly [word: string, advice: string]>> = {
  connecting: ['connecting', ''],
  live: ['live', ''],
  lost: ['no connection', 'The inspector does not answer. Did the server stop? The page tries again by itself.'],
  refused: ['refused', ''],
  full: ['too many pages', 'Too many pages look on already. Close one; this page tries again by itself.'],
  outdated: ['outdated', 'The inspector is of another version than this page: reload it.'],
};

/** What to do when there is no token, or a wrong one. */
export function tokenForm(wasRefused: boolean): HTMLElement {
  const problem = html('p', { class: 'problem', role: 'alert' });
  const input = html('input', {
    id: 'token',
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'http://127.0.0.1:…/#token=…',
  });
  const form = html(
    'form',
    {
      submit: (event: SubmitEvent) => {
        event.preventDefault();
        const token = tokenIn(input.value);
        if (token === undefined) {
          problem.textContent = 'Expected the whole address, with #token=… at its end, or the token alone.';
          return;
        }
        keepToken(token);
        location.reload();
      },
    },
    html('label', { for: 'token' }, 'Address or token'),
    input,
    html('button', { type: 'submit' }, 'Open'),
  );
  return html(
    'section',
    { class: 'card token-form' },
    html('h1', {}, wasRefused ? 'This token opens nothing' : 'This page needs its token'),
    html(
      'p',
      {},
      wasRefused
        ? 'The inspector makes a new one each time it starts. Open the address that it has printed last, or paste it here.'
        : 'Only who has the token may look. Open the address that the inspector has printed, or paste it here.',
    ),
    form,
    problem,
  );
}
