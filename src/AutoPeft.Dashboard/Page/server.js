// Talking to the dashboard's server.

class Refused extends Error {}

async function ask(path, options) {
  const answer = await fetch(path, options);
  // The server was started anew: the page that comes back asks for the token.
  if (answer.status === 401) location.reload();
  if (!answer.ok) {
    const said = await answer.json().catch(() => null);
    throw Object.assign(new Refused(said?.error ?? `The server answered ${answer.status}.`), { status: answer.status });
  }
  return answer.json();
}

const get = path => ask(path);
const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json", "X-AutoPeft": "1" }, body: JSON.stringify(body) });

/**
 * Calls `changed` whenever the server says that something has; `connected(true or false)` says whether it can. Nothing is followed while
 * the page is hidden: a browser keeps
 * six connections to a server, and tabs in the background would take them all.
 */
function follow(path, changed, connected) {
  let events = null;
  const open = () => {
    if (events || document.hidden) return;
    events = new EventSource(path);
    events.addEventListener("open", () => connected(true));
    events.addEventListener("message", () => changed());
    events.addEventListener("gone", () => {
      events.close();
      changed();
    });
    events.addEventListener("error", () => {
      connected(false);
      // A refusal closes for good; a lost connection is tried again by the browser.
      if (events.readyState === EventSource.CLOSED) {
        events = null;
        setTimeout(open, 3000);
      }
    });
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) open();
    else if (events) {
      events.close();
      events = null;
    }
  });
  open();
}

/** Runs `work` when asked, once at a time, and not more often than every `apart` ms or a quarter of the time. */
function paced(work, apart) {
  let busy = false,
    again = false;
  return async function run() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    const start = performance.now();
    try {
      await work();
    } finally {
      setTimeout(
        () => {
          busy = false;
          if (again) {
            again = false;
            run();
          }
        },
        Math.max(apart, 3 * (performance.now() - start)),
      );
    }
  };
}
