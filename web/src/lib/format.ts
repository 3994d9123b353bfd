// Numbers, money and times in the reader's own format.

export interface Money {
  amount: number;
  currency: string;
}

const LANGUAGE = navigator.language || "en";
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const stamp = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });

export const count = (value: number): string => whole.format(value);

export function number(value: number, digits = 3): string {
  return new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function percent(share: number, digits = 1): string {
  return new Intl.NumberFormat(LANGUAGE, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share);
}

/** Money; without small change from a hundred on. */
export function money(value: Money): string {
  const short = Math.abs(value.amount) >= 100 ? { maximumFractionDigits: 0 } : {};
  return new Intl.NumberFormat(LANGUAGE, { style: "currency", currency: value.currency, ...short }).format(value.amount);
}

export const points = (value: number): string => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${number(Math.abs(value), 1)}`;

export const time = (iso: string): string => stamp.format(new Date(iso));

/** How long ago, in words. */
export function ago(iso: string): string {
  const seconds = (new Date(iso).getTime() - Date.now()) / 1000;
  const words = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  return words.format(Math.round(seconds), "second");
}

export function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 90) return `${number(value, 1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

const METRICS: Record<string, [string, string]> = {
  roc_auc: ["ROC-AUC", "The chance that a customer who left is ranked above one who stayed; 0.5 is a coin, 1 is perfect"],
  pr_auc: ["PR-AUC", "Mean precision over all recalls; a coin reaches the share of leavers"],
  log_loss: ["Log loss", "How surprised the probabilities were by what happened; lower is better"],
  brier: ["Brier score", "Mean squared error of the probabilities; lower is better"],
  ece: ["Calibration error", "Mean distance between what was said and what happened; lower is better"],
  lift_at_10: ["Lift, top 10 %", "How many times more leavers the top tenth holds than a random tenth"],
  lift_at_20: ["Lift, top 20 %", "How many times more leavers the top fifth holds than a random fifth"],
  capture_at_20: ["Captured, top 20 %", "Share of all leavers found in the top fifth"],
  f1: ["F1", "Harmonic mean of precision and recall at the decision threshold"],
  precision: ["Precision", "Share of those flagged who left"],
  recall: ["Recall", "Share of those who left who were flagged"],
  profit: ["Profit a customer", "Expected profit of contacting by the playbook, for each customer judged"],
};

/** The title of a metric and what it means. */
export function metric(name: string): { title: string; meaning: string } {
  const [title, meaning] = METRICS[name] ?? [name.replaceAll("_", " "), ""];
  return { title, meaning };
}

const ALGORITHMS: Record<string, string> = { xgboost: "XGBoost", catboost: "CatBoost", forest: "Random forest", logistic: "Logistic regression", blend: "Blend", stack: "Stack", lightgbm: "LightGBM" };

export const algorithm = (name: string): string => ALGORITHMS[name] ?? name;
