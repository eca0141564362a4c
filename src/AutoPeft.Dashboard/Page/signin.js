"use strict";
// Sends the token in a body, never in an address: addresses are logged and remembered.
document.getElementById("form").addEventListener("submit", async event => {
  event.preventDefault();
  const problem = document.getElementById("problem");
  problem.textContent = "";
  try {
    const answer = await fetch("/api/session", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-AutoPeft": "1" },
      body: JSON.stringify({ token: document.getElementById("token").value }),
    });
    if (answer.ok) location.reload();
    else problem.textContent = (await answer.json()).error;
  } catch {
    problem.textContent = "The dashboard does not answer.";
  }
});
