/** Two equal bars: the same bytes twice. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#17624a"/><path d="M8 12h16M8 20h16" stroke="#fff" stroke-width="3.4" stroke-linecap="round"/></svg>\n`;
export const ICON_PATH = '/assets/icon.svg';
