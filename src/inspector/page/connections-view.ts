import type { Connections } from '../protocol.js';
import { breakerCard } from './breaker-card.js';
import { closeCodeInWords } from './close-codes.js';
import { fill, html } from './dom.js';
import type { Store } from './store.js';
import { counted, duration, printable, timeOfDay, words } from './text.js';
import type { View } from './view.js';

/** The connections of clients, if a transport tells of them. */
export function connectionsView(): View {
  const content = html('div', { class: 'columns' });
  const breakers = html('div');
  const element = html('div', { class: 'view stack' }, breakers, content);
  let shown: Connections | undefined;
  let shownBreakers: Store['breakers'] = [];
  let at = 0;
  let breakersAt = 0;
  return {
    element,
    update(store) {
      if (shownBreakers !== store.breakers || (shownBreakers.length > 0 && store.at - breakersAt >= 1_000)) {
        shownBreakers = store.breakers;
        breakersAt = store.at;
        fill(breakers, breakerCard(shownBreakers, store.at));
      }
      if (store.connections === undefined) {
        if (content.childElementCount === 0) fill(content, nothing());
        return;
      }
      // Ages go on by the second, all else only if something has changed.
      if (shown === store.connections && store.at - at < 1_000) return;
      shown = store.connections;
      at = store.at;
      fill(content, ...drawn(shown, at));
    },
  };
}

function nothing(): Node {
  return html(
    'section',
    { class: 'card' },
    html('h2', {}, 'Connections'),
    html('p', {}, 'No transport tells of its connections, or nobody has connected yet.'),
    html(
      'p',
      { class: 'soft' },
      'A service that embeds session-init passes them on with ',
      html('code', {}, 'onEvent: inspector.onTransportEvent'),
      '.',
    ),
  );
}

function drawn({ open, count, totals, notes }: Connections, now: number): Node[] {
  const tile = (value: number, label: string, hint: string) =>
    html('div', { class: 'tile', title: hint }, html('b', {}, value.toLocaleString('en')), html('span', {}, label));
  return [
    html(
      'section',
      { class: 'card wide' },
      html('h2', {}, 'Connections'),
      html(
        'div',
        { class: 'tiles' },
        tile(count, 'open now', 'WebSockets that are open'),
        tile(totals.opened, 'opened', 'since the start'),
        tile(totals.closed, 'closed', 'since the start'),
        tile(
          totals.refused,
          'refused',
          'handshakes of which no WebSocket came: a wrong origin or path, too many, draining',
        ),
        tile(totals.rejected, 'bad messages', 'messages that are no request for a session'),
        tile(totals.failed, 'faults', 'what failed where no client could be told'),
      ),
    ),
    html(
      'section',
      { class: 'card' },
      html('h2', {}, 'Open'),
      open.length === 0
        ? html('p', { class: 'soft' }, 'None.')
        : html(
            'table',
            {},
            headOf('Connection', 'User', 'Address', 'Open for'),
            html(
              'tbody',
              {},
              ...open.map(({ connectionId, user, ipAddress, openedAt }) =>
                html(
                  'tr',
                  {},
                  html('td', {}, html('code', {}, printable(connectionId))),
                  html('td', {}, user === undefined ? 'none yet' : html('bdi', {}, printable(user, 60))),
                  html('td', {}, printable(ipAddress)),
                  html('td', { class: 'number' }, duration(Math.max(0, now - openedAt))),
                ),
              ),
            ),
          ),
      count > open.length && html('p', { class: 'soft' }, `and ${counted(count - open.length, 'other')}.`),
    ),
    html(
      'section',
      { class: 'card' },
      html('h2', {}, 'Lately'),
      html(
        'table',
        {},
        headOf('When', 'What', 'Address', ''),
        html(
          'tbody',
          {},
          ...notes
            .toReversed()
            .map(({ at, type, ipAddress, text }) =>
              html(
                'tr',
                {},
                html('td', { class: 'time' }, timeOfDay(at)),
                html('td', {}, words(type.replace('.', ' '))),
                html('td', { class: 'address' }, printable(ipAddress)),
                html('td', {}, html('bdi', {}, printable(closeCodeInWords(text), 400))),
              ),
            ),
        ),
      ),
    ),
  ];
}

function headOf(...names: string[]): HTMLElement {
  return html('thead', {}, html('tr', {}, ...names.map((name) => html('th', { scope: 'col' }, name))));
}
