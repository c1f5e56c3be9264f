/* Poll every two seconds whether the phone has confirmed the digits; then open this TV's wall. */
(function () {
  'use strict';
  function ask() {
    var request = new XMLHttpRequest();
    request.open('GET', '/api/pairing', true);
    request.timeout = 8000;
    request.onreadystatechange = function () {
      var answer = null;
      if (request.readyState !== 4) { return; }
      try { answer = JSON.parse(request.responseText); } catch (error) { answer = null; }
      if (request.status === 200 && answer && answer.wall) {
        window.location.replace('/wall/' + encodeURIComponent(answer.wall));
      } else if (request.status === 410) {
        window.location.reload(); /* expired: get new digits */
      } else {
        window.setTimeout(ask, 2000);
      }
    };
    request.send(null);
  }
  window.setTimeout(ask, 2000);
}());
