"""People come in: a folder of photographs, looked at, judged, enrolled, and a receipt of it all."""
