// Numbers, days and instants as people in China write them. Days and times are Shanghai's, wherever the browser stands.

const ZONE = "Asia/Shanghai";
const parts = (options) => new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hourCycle: "h23", ...options });
const CLOCK = parts({ hour: "2-digit", minute: "2-digit" });
const SECONDS = parts({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
const WHOLE = new Intl.NumberFormat("zh-CN", { maximumFractionDigits: 0 });
const MONEY = new Intl.NumberFormat("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const NOTHING = "—";

// 12,345
export const count = (value) => (value === null || value === undefined ? NOTHING : WHOLE.format(value));

// 1,234.50, from the decimal text that the API gives
export const amount = (value) => (value === null || value === undefined ? NOTHING : MONEY.format(Number(value)));

// 2026-03-10, from an instant or a Date
export const dayOf = (instant) => DAY.format(new Date(instant));
export const today = () => dayOf(Date.now());

// 2026年3月10日, from a day
export function day(text) {
  if (!text) return NOTHING;
  const [year, month, date] = text.split("-").map(Number);
  return `${year}年${month}月${date}日`;
}

// 3月10日, from a day, with the year where it is another one
export const shortDay = (text) => (text?.slice(0, 4) === today().slice(0, 4) ? day(text).replace(/^\d+年/, "") : day(text));

// 3月10日 14:05, with the year where it is another one
export const instant = (text) => (text ? `${shortDay(dayOf(text))} ${CLOCK.format(new Date(text))}` : NOTHING);

// 2026-03-10 14:05:09, from an instant: what must be whole wherever it is read, such as in a picture
export const moment = (at) => `${dayOf(at)} ${SECONDS.format(new Date(at))}`;

// 3小时20分, from seconds; the two largest units
export function duration(seconds) {
  const units = [["天", 86_400], ["小时", 3600], ["分", 60], ["秒", 1]];
  let left = Math.max(0, Math.round(seconds));
  const words = units.map(([word, size]) => {
    const whole = Math.floor(left / size);
    left -= whole * size;
    return whole > 0 ? `${whole}${word}` : "";
  });
  return words.filter(Boolean).slice(0, 2).join("") || "0秒";
}

// 850 米, 1.2 公里
export const distance = (metres) => (metres < 1000 ? `${Math.round(metres)} 米` : `${(metres / 1000).toFixed(1)} 公里`);

// 2.4 MB
export const size = (bytes) =>
  bytes < 1024 ? `${bytes} B` : bytes < 1_048_576 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;

export const ROLES = {
  administrator: "系统管理员",
  province_manager: "省行管理员",
  branch_manager: "分行管理员",
  sub_branch_manager: "支行管理员",
  loan_officer: "客户经理",
  exception_handler: "异常处理人",
  approver: "审批人",
  risk_manager: "风险经理",
  service_manager: "服务经理",
  information_officer: "信息专员",
  enterprise_user: "企业用户",
  auditor: "审计员",
};
