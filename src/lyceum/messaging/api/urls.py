from django.urls import path

from lyceum.messaging.api import attachment_views, views

one = "conversations/<uuid:conversation_id>/"
message = f"{one}messages/<uuid:message_id>/"
urlpatterns = [
    path("unread/", views.Unread.as_view()),
    path("health/", views.Health.as_view()),
    path("attachments/", attachment_views.AttachmentList.as_view()),
    path("attachments/<uuid:attachment_id>/", attachment_views.AttachmentFile.as_view()),
    path("attachments/<uuid:attachment_id>/preview/", attachment_views.AttachmentPreview.as_view()),
    path("conversations/", views.ConversationList.as_view()),
    path(one, views.ConversationDetail.as_view()),
    path(f"{one}webhooks/", views.ConversationWebhooks.as_view()),
    path(f"{one}webhooks/<uuid:webhook_id>/", views.ConversationWebhook.as_view()),
    path(f"{one}restore/", views.ConversationRestore.as_view()),
    path(f"{one}leave/", views.ConversationLeave.as_view()),
    path(f"{one}read/", views.Read.as_view()),
    path(f"{one}members/", views.MemberList.as_view()),
    path(f"{one}members/<uuid:member_id>/", views.MemberDetail.as_view()),
    path(f"{one}messages/", views.MessageList.as_view()),
    path(message, views.MessageDetail.as_view()),
    path(f"{message}thread/", views.MessageThread.as_view()),
    path(f"{message}reactions/<str:emoji>/", views.MessageReaction.as_view()),
]
