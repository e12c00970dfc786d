const KEY = 'session-init inspector theme';
const THEMES = ['auto', 'light', 'dark'] as const;

/** A button that goes from the system's theme to light, to dark, and back. */
export function themeButton(button: HTMLButtonElement): HTMLButtonElement {
  let theme = THEMES.find((it) => it === localStorage.getItem(KEY)) ?? 'auto';
  const apply = () => {
    document.documentElement.dataset['theme'] = theme;
    button.textContent = { auto: '◐', light: '☀', dark: '☾' }[theme];
    button.setAttribute('aria-label', `Theme: ${theme}`);
    button.title = `Theme: ${theme}`;
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
    localStorage.setItem(KEY, theme);
    apply();
  });
  apply();
  return button;
}
