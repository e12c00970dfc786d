import { html } from './dom.js';

/** How to read the diagram, for somebody who has never seen one. */
export function legend(): HTMLElement {
  const entry = (sample: string, text: string) =>
    html('li', {}, html('span', { class: `sample ${sample}`, 'aria-hidden': true }), html('span', {}, text));
  return html(
    'details',
    { class: 'card legend', open: true },
    html('summary', {}, 'How to read the picture'),
    html(
      'p',
      {},
      'Every attempt to get a session (an ',
      html('b', {}, 'init'),
      ') starts at the top and moves from box to box, along the arrows, until it ends in a box with a double border.',
    ),
    html(
      'ul',
      { class: 'plain' },
      entry('state', 'A step. The small word in it is who is asked: the authenticator, for one.'),
      entry('badge present', 'How many inits are in this step now.'),
      entry('success', 'The good end: there is a session.'),
      entry('denial', 'An end without a session that is nobody’s fault: wrong secret, no right, too many attempts.'),
      entry('fault', 'An end without a session since something broke or took too long.'),
      entry('line', 'A way that inits took. The thicker, the more; its share is written on it.'),
      entry('line deadline', 'Taken when a deadline passes.'),
      entry('slow', 'A slow step: p95 is the time within which 95 of 100 inits were through.'),
    ),
    html('p', { class: 'soft' }, 'Choose a box to see what it means.'),
  );
}
