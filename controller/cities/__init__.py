"""Cities: each branch's standings as one small document on an MQTT broker, and the board made from all of them."""
