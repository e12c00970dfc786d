import type { Store } from './store.js';

/** One of the page's views. */
export interface View {
  readonly element: HTMLElement;
  /** Shows what the store knows now. Called once a frame at most, and only while the view can be seen. */
  update(store: Store): void;
}

/** What views ask of the page. */
export interface Page {
  openInit(referenceId: string): void;
  /** Shows the list of inits by this filter. */
  openFilter(filter: string): void;
  /** Shows an init that was saved. */
  openRecording(file: File): void;
}
