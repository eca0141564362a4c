// Sections below the window: made when they come near it, so that the first picture of a page waits for nothing that cannot be seen.

const unmade = new Map();

/** A section whose content `make()` gives, as a section with the same id, when it comes near the window, or earlier by `makeNext`. */
function lazySection(id, title, make) {
  const section = h("section", { class: "panel waiting", id }, h("div", { class: "head" }, h("h2", null, title)), h("p", { class: "note" }, "…"));
  const watch = new IntersectionObserver(entries => { if (entries.some(e => e.isIntersecting)) build(); }, { rootMargin: "600px" });
  const build = () => {
    if (!unmade.delete(section)) return;
    watch.disconnect();
    let made;
    try {
      made = make();
    } catch (error) {
      // One section that cannot be made must not take the others along.
      made = h("section", null, h("div", { class: "head" }, h("h2", null, title)), h("p", { class: "note" }, `This cannot be drawn: ${error.message}`));
      console.error(error);
    }
    section.classList.remove("waiting");
    section.refresh = made.refresh;
    section.replaceChildren(...made.childNodes);
    later(markAll);
  };
  unmade.set(section, build);
  watch.observe(section);
  return section;
}

/** Makes one more of the sections that wait; whether there was one. */
function makeNext() {
  for (const build of unmade.values()) { build(); return true; }
  return false;
}
