// Light or dark: the system's choice until the person makes another, which is kept.

const root = document.documentElement;
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
{
  const kept = localStorage.getItem("theme");
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
}

function themeButton() {
  const button = h("button", {
    class: "small",
    onclick: () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      localStorage.setItem("theme", root.dataset.theme);
      name();
      drawAll();
    },
  });
  const name = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
  };
  name();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    name();
    drawAll();
  });
  return button;
}

/** Says whether the page hears from the server. */
function connection() {
  const element = h("span", { class: "connection", role: "status" }, h("i"), h("span", null, "connecting"));
  const say = on => {
    element.classList.toggle("on", on);
    element.lastChild.textContent = on ? "live" : "no connection";
  };
  return { element, say };
}
