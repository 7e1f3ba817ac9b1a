// What answers and mails bring for later operations. The access token goes into the headers. What an operation asks for
// once goes into its variables. Name, address and password go into the steps, so that whoever has typed others goes on
// with these.
import { $, keep, parsed, pretty, set } from "./page.js";

const data = JSON.parse($("data").textContent);

// ---- Who somebody is in the steps ----

function newPerson() {
  const login = "ada" + (1000 + Math.floor(Math.random() * 9000));
  return { login, email: login + "@example.org", password: data.password };
}

function person() {
  return keep().person ?? keep({ person: newPerson() }).person;
}

/** Writes the person into JSON that names parts of them in braces. */
export function filled(text) {
  const p = person();
  const values = { ...p, newPassword: p.password === data.password ? data.newPassword : data.password };
  return text.replace(/\{(login|email|password|newPassword)\}/g, (_, name) => JSON.stringify(values[name]).slice(1, -1));
}

// Fields whose user is who asks.
const ownUser = ["confirmEmail", "login", "continueLogin", "refresh", "changeUsername"];

function learnPerson(input, field, payload) {
  const user = field === "me" ? payload : ownUser.includes(field) ? payload.user : undefined;
  const done = payload.errors?.length === 0;
  const learnt = { ...person() };
  if (done && field === "register") Object.assign(learnt, { login: input.username ?? learnt.login, email: input.email, password: input.password });
  if (done && ["changePassword", "resetPassword"].includes(field)) learnt.password = input.newPassword;
  if (done && field === "login") learnt.password = input.password;
  if (user?.username) learnt.login = user.username;
  if (user?.email) learnt.email = user.email;
  keep({ person: done && field === "deleteAccount" ? newPerson() : learnt });
}

// ---- What is asked for once ----

// once are the names that variables have it by.
const once = ["refreshToken", "challenge", "token", "emailCode", "sessionId", "factorId", "passkey", "recoveryCode"];

// spent are those of them that an answer without errors has used up.
const spent = ["token", "emailCode", "passkey", "recoveryCode"];

/** Writes what is kept into the variables, where they are empty or have what was put there before. */
export function putKept() {
  const kept = keep();
  const put = kept.put ?? {};
  let variables;
  try {
    variables = parsed("variables");
  } catch {
    return; // somebody is typing there
  }
  let any = false;
  const fill = (object) => {
    for (const [name, value] of Object.entries(object)) {
      if (typeof value === "object" && value !== null) fill(value);
      else if (once.includes(name) && kept[name] && kept[name] !== value && (value === "" || value === put[name])) {
        object[name] = put[name] = kept[name];
        any = true;
      }
    }
  };
  fill(variables);
  if (!any) return;
  keep({ put });
  set("variables", pretty(variables));
}

/** Keeps values for the variables that ask for them, and puts them there. */
export function bring(values) {
  keep(values);
  putKept();
}

/** Returns what has a text of this name, anywhere in an answer, or undefined. */
export function found(name, value) {
  if (typeof value !== "object" || value === null) return undefined;
  if (typeof value[name] === "string") return value;
  return Object.values(value).map((inner) => found(name, inner)).find(Boolean);
}

// ---- The tokens ----

/** The access token that goes with requests, or "". */
export function accessToken() {
  try {
    const [, value] = Object.entries(parsed("headers")).find(([name]) => name.toLowerCase() === "authorization") ?? [];
    return /^Bearer (.+)$/i.exec(value)?.[1] ?? "";
  } catch {
    return ""; // somebody is typing there
  }
}

// putHeader sets the header of signed-in requests, or takes it out, and leaves the others as they are.
function putHeader(access) {
  let headers = {};
  try {
    headers = parsed("headers");
  } catch {} // what cannot be read is replaced
  delete headers.Authorization;
  if (access) headers.Authorization = "Bearer " + access;
  set("headers", Object.keys(headers).length ? pretty(headers) : "");
}

export function forget() {
  keep({ refreshToken: "", challenge: "" });
  putHeader("");
}

export function sayWho() {
  const signedIn = accessToken() !== "";
  $("who").textContent = signedIn
    ? "The access token stands in the headers, and goes with each request."
    : "Nobody is logged in here.";
  for (const id of ["copy-token", "forget"]) $(id).hidden = !signedIn;
}

/** Takes what an answer brings. */
export function take(variables, answer) {
  const input = variables?.input ?? {};
  const [field, payload] = Object.entries(answer.data ?? {}).find(([, value]) => value !== null) ?? [];
  if (field) learnPerson(input, field, payload);
  if (input.email) keep({ mailbox: input.email });
  const tokens = found("accessToken", answer.data);
  if (tokens) {
    if (tokens.refreshToken) keep({ refreshToken: tokens.refreshToken });
    putHeader(tokens.accessToken);
  } else if (["logout", "deleteAccount"].includes(field) && payload.errors?.length === 0) {
    forget();
  }
  if (payload?.errors?.length === 0) {
    const used = { ...input, ...input.answer };
    keep(Object.fromEntries(spent.filter((name) => used[name]).map((name) => [name, ""])));
  }
  const user = payload?.user ?? payload;
  const brought = {
    challenge: found("challenge", answer.data)?.challenge,
    sessionId: user?.sessions?.find((s) => s.current === false)?.id,
    factorId: user?.factors?.find((f) => f.__typename === "Totp")?.id,
    recoveryCode: payload?.recoveryCodes?.[0],
  };
  bring(Object.fromEntries(Object.entries(brought).filter(([, value]) => value)));
}
