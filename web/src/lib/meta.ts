// What stands behind a number: period, data, model. Shown on hover and to screen readers.

export interface Origin {
  dataset?: string;
  model?: string;
  at?: string;
}

export function origin(of: Origin): string {
  return [of.dataset && `data: ${of.dataset}`, of.model && `model: ${of.model}`, of.at && `as of ${of.at}`].filter(Boolean).join(" · ");
}
