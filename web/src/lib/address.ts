// The state of a page lies in its address, so that it can be sent to somebody and gone back to.

export function read(name: string): string | null {
  return new URLSearchParams(location.search).get(name);
}

/** Sets and removes values; null and the empty text remove. */
export function write(values: Record<string, string | null>, push = false): void {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const text = params.toString();
  const to = `${location.pathname}${text ? `?${text}` : ""}${location.hash}`;
  if (push) history.pushState(null, "", to);
  else history.replaceState(null, "", to);
}
